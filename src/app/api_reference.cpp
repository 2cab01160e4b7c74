#include <iostream>

#include "api/handlers.h"
#include "api/openapi.h"
#include "sandbox/zygote.h"

/// Prints docs/openapi.json: the API as the table of routes and the tables of fields have it.
/// `./dev generate` writes the file, CI compares it.
int main() {
    namespace api = ittybit::api;
    const auto build = ittybit::sandbox::build_id();
    const auto version = build.substr(0, build.find('+'));
    std::cout << ittybit::pretty_json(api::openapi_document(api::all_routes(), version));
    return 0;
}
