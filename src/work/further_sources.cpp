#include "work/further_sources.h"

#include "work/import.h"

namespace ittybit::work {
namespace {

/// Such a file has a limit of its own.
Error of_option(Error error, std::string_view option) {
    error.where = option;
    if (error.limit && error.limit->name == "input_bytes") error.limit->name = "subtitle_bytes";
    return std::move(error).in(option);
}

OperationInput input_of(storage::Source& source, const std::string& option) {
    auto input = input_from(source);
    input.option = option;
    return input;
}

}  // namespace

Result<> FurtherSources::fetch(const Operation& operation, const std::stop_token& stop) {
    const auto fetched = [&](const std::string& url) -> Result<std::shared_ptr<storage::Source>> {
        auto source = TRY(open_(url, stop));
        TRY(source->complete(stop));
        return source;
    };
    for (const auto& [option, url] : further_inputs(operation)) {
        if (sources_.contains(url)) continue;
        auto source = fetched(url);
        if (!source) return of_option(std::move(source).error(), option);
        sources_.emplace(url, Fetched{option, *std::move(source)});
    }
    return {};
}

void FurtherSources::append(OperationRequest& request) const {
    for (const auto& [option, url] : further_inputs(request.operation))
        request.inputs.push_back(input_of(*sources_.at(url).source, option));
}

void FurtherSources::append_all(OperationRequest& request) const {
    for (const auto& [url, fetched] : sources_)
        if (request.inputs.size() < kMostInputs)
            request.inputs.push_back(input_of(*fetched.source, fetched.option));
}

}  // namespace ittybit::work
