#include "tasks/job.h"

#include "model/sniff.h"

namespace ittybit::tasks {

Result<media::Input*> open_media(Job& job) {
    if (job.media == nullptr) {
        const Sniffed sniffed = TRY(sniff(job.source));
        job.media = TRY(media::Input::open(job.source, sniffed, job.limits()));
    }
    return job.media.get();
}

Result<image::AnimationReader*> open_animation(Job& job) {
    if (job.animation == nullptr)
        job.animation = TRY(image::AnimationReader::open(job.source, job.limits()));
    job.animation->rewind();
    return job.animation.get();
}

}  // namespace ittybit::tasks
