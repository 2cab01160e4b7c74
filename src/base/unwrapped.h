#pragma once

#include <optional>

namespace ittybit {

template <typename T>
struct UnwrappedType {
    using Type = T;
};
template <typename T>
struct UnwrappedType<std::optional<T>> {
    using Type = T;
};

/// What an optional holds; any other type itself.
template <typename T>
using Unwrapped = typename UnwrappedType<T>::Type;

}  // namespace ittybit
