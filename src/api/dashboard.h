#pragma once

#include <span>
#include <string_view>

#include "api/http.h"

namespace ittybit::api {

/// A file of the dashboard, in each form that its build (web/pack.mjs) packed it in.
struct DashboardFile {
    std::string_view name;  // "index.html", "assets/index-B3x9.js"
    std::string_view type;
    std::string_view digest;  // of its bytes, hex
    std::string_view plain;
    std::string_view gzip;
    std::string_view brotli;
};

/// What was built in; nothing without Node.js, or with -DITTYBIT_DASHBOARD=OFF.
std::span<const DashboardFile> dashboard_files();

struct Service;

/// The page of these files; where there are none, a plain one that names the API.
Response front_page(
    const Service& service, const Request& request, std::span<const DashboardFile> files
);

}  // namespace ittybit::api
