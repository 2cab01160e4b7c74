#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/client.h"
#include "storage/origin.h"

namespace ittybit::storage {

/// An origin behind GET requests with ranges: what HTTP and S3 have in common.
class HttpOrigin : public Origin {
public:
    /// How one service differs from another.
    struct Dialect {
        std::string name;  // for messages
        /// The request for an object, without a Range; called for each try. `conditions` are
        /// headers that must be sent, and signed where that is done.
        std::function<Result<net::Request>(const net::Headers& conditions)> prepare;
        /// What an answer other than 200, 206 and 416 means.
        std::function<Error(const net::Response&)> explain;
        /// Told where a good answer came from.
        std::function<void(const net::Url&)> succeeded;
        /// Told that no answer came.
        std::function<void()> failed;
    };
    HttpOrigin(net::Client& client, Dialect dialect);

    Result<> fetch(
        Range range, const Version& known, const Taker& taker, const std::stop_token& stop
    ) override;
    std::string name() const override { return dialect_.name; }

private:
    struct Reading;
    Result<net::Response> ask(
        Reading& reading, const net::Headers& conditions, const std::stop_token& stop
    );

    net::Client& client_;
    Dialect dialect_;
};

}  // namespace ittybit::storage
