#include "tasks/together.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "model/operation.h"
#include "tasks/adaptive_video.h"
#include "tasks/animation.h"
#include "tasks/build.h"
#include "tasks/video.h"

namespace ittybit::tasks {
namespace {

/// What an H.264 ladder from 2160 lines down encodes at once, for which the limits have room.
constexpr std::int64_t kMostPixels = 16'000'000;

/// Says of which output it is.
class EventsOfOutput : public Events {
public:
    EventsOfOutput(Events& events, int output) : events_(events), output_(output) {}
    void progress(const Progress& progress) override { events_.progress(ours(progress)); }
    void file_grown(const FileGrown& grown) override { events_.file_grown(ours(grown)); }
    void file_ready(const FileReady& ready) override { events_.file_ready(ours(ready)); }

private:
    template <typename Event>
    Event ours(Event event) const {
        event.output = output_;
        return event;
    }

    Events& events_;
    const int output_;
};

Assignment assignment_of(const AssignedOutput& output, const Assignment& all) {
    Assignment assignment;
    assignment.kind = output.kind;
    assignment.options = output.options;
    assignment.inputs = all.inputs;
    assignment.stem = output.stem;
    assignment.parts_folder = output.parts_folder;
    assignment.limits = all.limits;
    return assignment;
}

/// An output as an assignment of its own.
struct Other {
    Other(const AssignedOutput& output, int number, Job& of)
        : assignment(assignment_of(output, of.assignment)),
          events(of.events, number),
          job{assignment, of.source, events} {}

    const Assignment assignment;
    EventsOfOutput events;
    Job job;
    Plan plan;
};

Error not_of_a_film() {
    return {ErrorKind::kInternalError, "this is not made of a film's pictures", ""};
}

Result<Plan> plan_of(Job& job) {
    std::vector<OptionProblem> problems;
    const auto operation = read_operation(job.assignment.kind, job.assignment.options, problems);
    if (!problems.empty()) return not_of_a_film();
    return std::visit(
        [&]<typename Options>(const Options& options) -> Result<Plan> {
            if constexpr (kIsOfFilm<Options>) return plan(options, job);
            return not_of_a_film();
        },
        operation
    );
}

/// Of the one stream of pictures that it decodes; null where it does none of this.
const PlannedRead* film_of(const Plan& plan) {
    if (plan.pictures.size() != 1 || plan.piece || plan.pieces > 0) return nullptr;
    const PicturePlan& picture = plan.pictures.front();
    const PlannedRead& read = plan.read_at(picture.read);
    return picture.copied || read.as != ReadAs::kStream ? nullptr : &read;
}

bool is_of_same_pictures(const Plan& plan, const Plan& other) {
    const auto* const one = film_of(plan);
    const auto* const two = film_of(other);
    return one != nullptr && two != nullptr && one->stream == two->stream &&
           one->alpha == two->alpha && plan.window.start == other.window.start &&
           plan.window.end == other.window.end;
}

std::int64_t pixels_of(const Plan& plan) {
    const PicturePlan& picture = plan.pictures.front();
    std::int64_t pixels = 0;
    for (const PictureBranch& branch : picture.branches)
        pixels += size_of(picture, branch).pixels();
    return pixels;
}

/// All that the assignment names beside its own, or nothing.
std::vector<std::unique_ptr<Other>> others_of(const Plan& plan, Job& job) {
    std::vector<std::unique_ptr<Other>> others;
    if (film_of(plan) == nullptr) return others;
    std::int64_t pixels = pixels_of(plan);
    for (const AssignedOutput& output : job.assignment.beside) {
        const int number = static_cast<int>(others.size()) + 1;
        auto& other = *others.emplace_back(std::make_unique<Other>(output, number, job));
        auto planned = plan_of(other.job);
        if (!planned || !is_of_same_pictures(plan, *planned)) return {};
        other.plan = *std::move(planned);
        pixels += pixels_of(other.plan);
    }
    if (pixels > kMostPixels) return {};
    return others;
}

}  // namespace

Result<Finished> make_with_others(const Plan& plan, Job& job) {
    const auto others = others_of(plan, job);
    if (others.empty()) return make(plan, job);
    std::vector<Planned> planned{{plan, job}};
    for (const auto& other : others) planned.push_back({other->plan, other->job});
    auto all = TRY(make_together(planned));
    Finished finished = std::move(all.front());
    for (auto made = all.begin() + 1; made != all.end(); ++made)
        finished.beside.push_back({std::move(made->file), std::move(made->warnings)});
    return finished;
}

}  // namespace ittybit::tasks
