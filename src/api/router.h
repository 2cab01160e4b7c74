#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/http.h"
#include "model/api_key.h"

namespace ittybit::api {

struct Service;

/// What an endpoint does. It may wait: it has a thread to itself.
using Handler = std::function<Result<Response>(Service&, Request&)>;

/// Gives a request its answer. Called once, from any thread.
using Reply = std::function<void(Result<Response>)>;

/// What an endpoint does that has thousands of requests a second: on the server's own thread, where
/// it must not wait, or on one of the pool where the body is large or the route says that this
/// request waits. Its reply may come later, from any thread.
using PromptHandler = std::function<void(Service&, Request&, const Reply&)>;

/// What a request's body is.
enum class Body { kNone, kJson, kStream };

/// One endpoint: how it is reached, what it does, and what the documentation says of it. 404, 405,
/// `Allow`, the front page and the OpenAPI document are all derived from the table of these.
struct Route {
    std::string_view method;
    std::string_view pattern;  // {name} takes a piece of the path, {name...} the whole rest
    std::string_view summary;
    Handler handler = {};
    PromptHandler prompt = {};                // instead of a handler
    bool (*waits)(const Request&) = nullptr;  // whether `prompt` must look something up for it
    Body body = Body::kNone;
    bool is_open = false;              // needs no key
    bool takes_upload_tokens = false;  // instead of a key
    std::optional<Scope> scope = {};   // that a key must have; else read to GET, and create
    int success = 200;
    std::string_view request_schema = {};  // a name among the OpenAPI components; may be empty
    std::string_view answer_schema = {};
    std::vector<Header> headers = {};          // of all its answers, refusals too
    std::vector<std::string_view> query = {};  // names of query parameters; metadata.NAME: any NAME
    std::vector<ErrorKind> errors = {};        // kinds beyond those that every endpoint has
};

/// What a key must be allowed to.
Scope scope_of(const Route& route);

/// Whether a request has no parameters but those of its route, each once. Errors:
/// `invalid_request`.
Result<> check_query(const Route& route, const Request& request);

/// Finds the route of a request.
class Router {
public:
    explicit Router(std::vector<Route> routes) : routes_(std::move(routes)) {}

    /// Fills request.captures. HEAD is answered by GET's route. Errors: `route_not_found`,
    /// `method_not_allowed` (its `where` holds the value of `Allow`).
    Result<const Route*> find(Request& request) const;

    const std::vector<Route>& routes() const { return routes_; }

private:
    std::vector<Route> routes_;
};

}  // namespace ittybit::api
