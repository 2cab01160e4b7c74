#include "work/import.h"

#include "model/error_kinds.h"

namespace ittybit::work {

OperationInput input_from(storage::Source& source) {
    OperationInput input;
    input.descriptor = source.descriptor();
    input.size = source.size();
    input.version = source.version();
    if (source.is_complete()) return input;
    input.comes_in_order = !source.has_ranges();
    input.ensure = [&source](
                       std::int64_t offset, std::int64_t length, const std::stop_token& stop
                   ) -> Result<std::optional<std::int64_t>> {
        TRY(source.ensure(offset, length, stop));
        return source.size();
    };
    return input;
}

bool needs_every_byte(const Operation& operation) {
    return std::visit(
        [](const auto& options) {
            if constexpr (std::is_base_of_v<Span, std::decay_t<decltype(options)>>) {
                return options.start.value_or(0) == 0 && !options.end;
            } else {
                return false;
            }
        },
        operation
    );
}

bool is_about_fetching(const Error& error) {
    return error_row(error.kind).fault == Fault::kFarEnd || error.kind == ErrorKind::kInputBlocked;
}

std::optional<double> percent_of(const storage::Source& source) {
    const auto size = source.size().value_or(0);
    if (size == 0) return std::nullopt;
    return 100.0 * static_cast<double>(source.bytes_present()) / static_cast<double>(size);
}

Import::Import(storage::Source& source, bool is_wanted, const std::stop_token& stop)
    : source_(source), is_needed_(is_wanted && !source.is_complete()), stop_(stop) {
    if (!is_needed_) return;
    thread_ = std::jthread([this, &source] {
        auto done = source.complete(stop_.get_token());
        if (done) return;
        {
            const MutexLock lock(mutex_);
            failure_ = std::move(done).error();
        }
        stop_.request_stop();
    });
}

std::optional<Error> Import::failure() const {
    const MutexLock lock(mutex_);
    return failure_;
}

std::optional<double> Import::percent() const {
    return is_needed_ ? percent_of(source_) : std::nullopt;
}

Result<> Import::finish() {
    if (thread_.joinable()) thread_.join();
    if (auto failed = failure()) return *std::move(failed);
    return {};
}

}  // namespace ittybit::work
