#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/error_kind.h"

namespace ittybit {

/// The bound that a failure ran into: its name in model/limits.h and the value in force.
struct LimitReached {
    std::string name;
    double value = 0;
};

/// Why something could not be done, as a value. model/error_kinds.h gives each `kind` its fault,
/// HTTP status and exit status; `message` tells the user what to do.
struct Error {
    ErrorKind kind = ErrorKind::kInternalError;
    std::string message;  // one sentence, lower case at the start, no full stop
    std::string where;    // the field, URL or stream the sentence is about; may be empty
    std::optional<LimitReached> limit = {};
    std::string code = {};  // the far end's own word for it, as S3's "NoSuchUpload"; may be empty

    /// Adds the caller's view in front, once per floor: "open output 2: bad frame size".
    Error in(std::string_view context) && {
        message = std::string(context) + ": " + message;
        return std::move(*this);
    }
};

/// A value or the Error that stands in its place. Ignoring one is a compiler error.
template <typename T = void>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() & { return *std::get_if<0>(&state_); }
    const T& operator*() const& { return *std::get_if<0>(&state_); }
    T&& operator*() && { return std::move(*std::get_if<0>(&state_)); }
    T* operator->() { return std::get_if<0>(&state_); }
    const T* operator->() const { return std::get_if<0>(&state_); }
    Error& error() & { return *std::get_if<1>(&state_); }
    const Error& error() const& { return *std::get_if<1>(&state_); }
    Error&& error() && { return std::move(*std::get_if<1>(&state_)); }

private:
    std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}

    explicit operator bool() const { return !error_; }
    void operator*() const {}
    Error& error() & { return *error_; }
    const Error& error() const& { return *error_; }
    Error&& error() && { return *std::move(error_); }

private:
    std::optional<Error> error_;
};

}  // namespace ittybit

/// Unwraps a Result, or returns its error from the current function. Stands alone as a statement
/// or an initializer.
#define TRY(...)                                               \
    ({                                                         \
        auto try_result = (__VA_ARGS__);                       \
        if (!try_result) return std::move(try_result).error(); \
        *std::move(try_result);                                \
    })
