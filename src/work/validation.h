#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "manifest/report.h"
#include "model/limits.h"
#include "model/protocol.h"
#include "sandbox/zygote.h"

namespace ittybit::work {

/// A stream to be checked on this machine for the one who asks.
struct ValidationRequest {
    std::string input;    // a path, or an http:// or https:// URL, of a playlist or MPD
    std::string scratch;  // the folder that a copy of the stream lies in meanwhile
    bool decodes = true;
    Limits limits;
};

/// What is wrong with a stream: fetched through the fetch guard, then looked at by a child. Errors:
/// those of fetching the manifest itself, of the disk, and of sandbox::Child.
Result<std::vector<manifest::Finding>> validate(
    const ValidationRequest& request,
    sandbox::Zygote& zygote,
    const std::function<void(const Progress&)>& progress,
    const std::stop_token& stop
);

}  // namespace ittybit::work
