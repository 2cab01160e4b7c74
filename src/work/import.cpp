#include "work/import.h"

#include "model/error_kinds.h"

namespace ittybit::work {

bool needs_every_byte(const Operation& operation) {
    return std::visit(
        [](const auto& options) {
            if constexpr (requires { options.end; }) {
                return options.start.value_or(0) == 0 && !options.end;
            } else {
                return false;
            }
        },
        operation
    );
}

bool is_about_fetching(const Error& error) {
    return error_kind(error.kind).fault == Fault::kFarEnd || error.kind == "input_blocked";
}

Import::Import(storage::Source& source, bool is_wanted) {
    if (!is_wanted || source.is_complete()) return;
    thread_ = std::jthread([this, &source](const std::stop_token& stop) {
        result_ = source.complete(stop);
    });
}

Result<> Import::finish(const std::stop_token& stop) {
    if (!thread_.joinable()) return {};
    const std::stop_callback follow(stop, [this] { thread_.request_stop(); });
    thread_.join();
    return result_;
}

}  // namespace ittybit::work
