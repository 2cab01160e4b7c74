#include "work/attempts.h"

#include <algorithm>

#include "model/error_kinds.h"
#include "store/queue.h"

namespace ittybit::work {
namespace {

std::int64_t most_attempts(const Error& error) {
    if (error.kind == ErrorKind::kDownloadFailed || error.kind == ErrorKind::kUploadFailed)
        return 1;
    switch (error_row(error.kind).fault) {
        case Fault::kFarEnd: return store::Queue::kMostAttempts;
        case Fault::kOurselves: return 2;
        default: return 1;
    }
}

}  // namespace

bool is_worth_another(const Error& error, std::int64_t tries) {
    return tries < most_attempts(error);
}

UnixMillis back_off(std::int64_t tries) {
    return 1000LL << std::min<std::int64_t>(tries, 6);
}

}  // namespace ittybit::work
