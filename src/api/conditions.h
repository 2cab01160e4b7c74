#pragma once

#include <ctime>
#include <string>

#include "api/http.h"

namespace ittybit::api {

/// What tells one version of a file from another.
struct Validators {
    std::string etag;  // strong, with its quotes
    std::time_t modified = 0;
};

/// What a request's conditions come to.
enum class Verdict {
    kGo,
    kUnchanged,  // 304
    kFailed,     // 412
};

/// Looks at If-Match, If-Unmodified-Since, If-None-Match and If-Modified-Since in this order (RFC
/// 9110 13.2.2). Of a GET or HEAD.
Verdict judge_conditions(const Request& request, const Validators& file);

/// Whether Range counts: there is no If-Range, or it is of this very version (13.1.5).
bool may_give_range(const Request& request, const Validators& file);

}  // namespace ittybit::api
