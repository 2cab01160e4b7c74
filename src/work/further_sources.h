#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "model/operation.h"
#include "storage/source.h"
#include "work/run_operation.h"

namespace ittybit::work {

/// Opens a file that an option names.
using OpenFurther = std::function<
    Result<std::shared_ptr<storage::Source>>(const std::string& url, const std::stop_token& stop)>;

/// The files that options name beside the input, each fetched once: small ones, which are there
/// before any work begins. One thread uses it.
class FurtherSources {
public:
    explicit FurtherSources(OpenFurther open) : open_(std::move(open)) {}

    /// Fetches those of an operation. Errors: those of storage::Source, with the option's name.
    Result<> fetch(const Operation& operation, const std::stop_token& stop);

    /// Puts them behind the operation's input, in the order in which the child expects them.
    void append(OperationRequest& request) const;

    /// Puts all of them there, as far as a child takes so many.
    void append_all(OperationRequest& request) const;

private:
    struct Fetched {
        std::string option;  // that named it first
        std::shared_ptr<storage::Source> source;
    };

    OpenFurther open_;
    std::map<std::string, Fetched> sources_;  // by URL
};

}  // namespace ittybit::work
