#include "store/database.h"

#include <future>

#include "base/log.h"

namespace ittybit::store {
namespace {

const std::string kNothing;

}  // namespace

bool Row::is_null(std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(values_.at(column));
}

std::int64_t Row::integer(std::size_t column) const {
    const auto* number = std::get_if<std::int64_t>(&values_.at(column));
    return number != nullptr ? *number : 0;
}

const std::string& Row::text(std::size_t column) const {
    const auto* text = std::get_if<std::string>(&values_.at(column));
    return text != nullptr ? *text : kNothing;
}

std::optional<std::int64_t> Row::optional_integer(std::size_t column) const {
    if (is_null(column)) return std::nullopt;
    return integer(column);
}

std::optional<std::string> Row::optional_text(std::size_t column) const {
    if (is_null(column)) return std::nullopt;
    return text(column);
}

Result<void> Database::write(const Work& work) {
    std::promise<Result<void>> outcome;
    write_later(
        [&](Session& session) { return work(session); },
        [&](Result<void> result) { outcome.set_value(std::move(result)); }
    );
    return outcome.get_future().get();
}

Result<void> Database::attempt(const Work& work, Session& session) {
    try {
        return work(session);
    } catch (const std::exception& exception) {
        return Error{ErrorKind::kInternalError, exception.what(), "database"};
    }
}

void Database::tell(const Done& done, Result<void> outcome) {
    try {
        done(std::move(outcome));
    } catch (const std::exception& exception) {
        log::error("nobody heard what a write came to", {{"error", exception.what()}});
    }
}

}  // namespace ittybit::store
