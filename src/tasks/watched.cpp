#include "tasks/watched.h"

namespace ittybit::tasks {

AllThrough through(std::span<const Watched> watched, const Plan& plan) {
    const auto stream_of = [&](int read) { return plan.read_at(read).stream; };
    AllThrough all;
    for (const Watched& it : watched) {
        Through through;
        if (it.picture != nullptr) {
            through.stream = stream_of(it.picture->read);
            through.expects = it.picture->expects;
            if (it.copying != nullptr) through.pictures = it.copying->packets();
            if (it.window != nullptr && !it.picture->most_frames)
                through.pictures = it.window->pictures();
            all.pictures.push_back(through);
        } else {
            through.stream = stream_of(it.sound->read);
            through.expects = it.sound->expects;
            if (it.soundtrack != nullptr) through.seconds = it.soundtrack->real_seconds();
            all.sounds.push_back(through);
        }
    }
    return all;
}

void tell_loudness(std::span<const Watched> watched, Finished& finished) {
    for (const Watched& it : watched) {
        if (it.level == nullptr) continue;
        auto facts =
            loudness_facts(*it.sound->loudness, *it.level, it.meter->loudness(), finished.warnings);
        if (!finished.file.loudness) finished.file.loudness = std::move(facts);
    }
}

}  // namespace ittybit::tasks
