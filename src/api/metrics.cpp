#include "api/metrics.h"

#include <array>

#include <fmt/format.h>

namespace ittybit::api {
namespace {

struct Description {
    std::string_view name;
    std::string_view type;
    std::string_view help;
};

constexpr std::array kDescriptions = {
    Description{"ittybit_http_requests_total", "counter", "Requests answered, by status."},
    Description{"ittybit_jobs_created_total", "counter", "Jobs accepted, by kind."},
    Description{"ittybit_jobs_queued", "gauge", "Jobs that wait for a worker."},
    Description{"ittybit_jobs_processing", "gauge", "Jobs being worked on."},
    Description{"ittybit_queue_oldest_seconds", "gauge", "Age of the job that waits longest."},
    Description{"ittybit_build_info", "gauge", "Always 1; the version is a label."},
};

}  // namespace

void Metrics::add(std::string_view name, std::string_view labels, double amount) {
    const std::lock_guard lock(mutex_);
    values_[std::string(name)][std::string(labels)] += amount;
}

void Metrics::set(std::string_view name, std::string_view labels, double value) {
    const std::lock_guard lock(mutex_);
    values_[std::string(name)][std::string(labels)] = value;
}

std::string Metrics::text() const {
    const std::lock_guard lock(mutex_);
    std::string out;
    for (const auto& row : kDescriptions) {
        const auto found = values_.find(std::string(row.name));
        if (found == values_.end()) continue;
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name, row.type);
        for (const auto& [labels, value] : found->second) {
            const auto braces = labels.empty() ? "" : fmt::format("{{{}}}", labels);
            out += fmt::format("{}{} {}\n", row.name, braces, value);
        }
    }
    return out;
}

}  // namespace ittybit::api
