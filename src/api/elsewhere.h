#pragma once

#include <type_traits>
#include <utility>

#include "api/beast.h"

namespace ittybit::api {

/// Has `work` done on a thread of `pool`, where it may wait, and goes on with what it gave on the
/// coroutine's own executor. A coroutine is only ever touched by that one: what is on its way to
/// the pool cannot be cancelled, and comes back. `work` must not throw.
template <typename Work>
awaitable<std::invoke_result_t<Work&>> elsewhere(asio::thread_pool& pool, Work work) {
    using Given = std::invoke_result_t<Work&>;
    const auto here = co_await asio::this_coro::executor;
    const auto begin = [&pool, &here](auto completed, Work wanted) {
        asio::post(
            pool,
            [here, completed = std::move(completed), wanted = std::move(wanted)]() mutable {
                asio::post(here, [completed = std::move(completed), given = wanted()]() mutable {
                    completed(std::move(given));
                });
            }
        );
    };
    co_return co_await asio::async_initiate<decltype(use_awaitable), void(Given)>(
        begin, use_awaitable, std::move(work)
    );
}

}  // namespace ittybit::api
