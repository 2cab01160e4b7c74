#include "tasks/job.h"

#include <algorithm>
#include <utility>

#include "model/sniff.h"

namespace ittybit::tasks {

bool may_read_all(const Assignment& assignment) {
    const bool is_there = assignment.inputs.empty() || assignment.inputs.front().is_complete;
    return is_there || !assignment.explain || assignment.is_binding;
}

Result<media::Input*> open_media(Job& job) {
    if (job.media == nullptr) {
        const Sniffed sniffed = TRY(sniff(job.source));
        job.media = TRY(media::Input::open(job.source, sniffed, job.limits()));
    }
    return job.media.get();
}

Result<media::Input*> open_media(Job& job, const PlannedRead& read) {
    auto* const input = TRY(open_media(job));
    const int last = std::max(read.stream, read.alpha.value_or(0));
    if (std::cmp_less(last, input->streams().size())) return input;
    return Error{ErrorKind::kInternalError, "bad plan: the input has fewer streams", ""};
}

Result<image::AnimationReader*> open_animation(Job& job) {
    if (job.animation == nullptr)
        job.animation = TRY(image::AnimationReader::open(job.source, job.limits()));
    job.animation->rewind();
    return job.animation.get();
}

}  // namespace ittybit::tasks
