#pragma once

#include <boost/asio.hpp>
#include <boost/beast.hpp>

/// The HTTP library, for the few files that know it: server, session, and what they read and write
/// with.
namespace ittybit::api {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::as_tuple;
using asio::awaitable;
using asio::use_awaitable;
using asio::ip::tcp;

using HeaderParser = http::request_parser<http::empty_body>;

}  // namespace ittybit::api
