#include "work/metrics.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include <fmt/format.h>

namespace ittybit::work {
namespace {

struct Description {
    std::string_view name;
    std::string_view type;
    std::string_view help;
    std::span<const double> bounds = {};  // of a histogram's buckets
};

constexpr std::array kSeconds = {0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 1800.0, 7200.0};
constexpr std::array kRatios = {0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 64.0};

constexpr std::array kDescriptions = {
    Description{"ittybit_build_info", "gauge", "Always 1; the version is a label."},
    Description{"ittybit_http_requests_total", "counter", "Requests answered, by status."},
    Description{"ittybit_jobs_created_total", "counter", "Jobs accepted, by kind."},
    Description{"ittybit_jobs_ended_total", "counter", "Jobs ended here, by kind and status."},
    Description{"ittybit_jobs_queued", "gauge", "Jobs that wait for a worker."},
    Description{"ittybit_jobs_processing", "gauge", "Jobs being worked on, by any worker."},
    Description{"ittybit_jobs_lost_total", "counter", "Jobs whose worker's lease ran out."},
    Description{"ittybit_pieces_total", "counter", "Pieces of split encodes, by outcome."},
    Description{"ittybit_queue_oldest_seconds", "gauge", "Age of the job that waits longest."},
    Description{"ittybit_queue_depth", "gauge", "Jobs that wait for a worker, by priority."},
    Description{
        "ittybit_queue_age_seconds", "gauge", "Age of the job that waits longest, by priority."
    },
    Description{
        "ittybit_queue_wait_seconds", "histogram", "Time from a job's creation to its start.",
        kSeconds
    },
    Description{"ittybit_slots", "gauge", "Jobs that this process may work on at once, by lane."},
    Description{
        "ittybit_slots_busy", "gauge", "Jobs and pieces that this process works on now, by lane."
    },
    Description{
        "ittybit_task_duration_seconds", "histogram", "Time that tasks took, by kind.", kSeconds
    },
    Description{
        "ittybit_encode_speed_ratio", "histogram", "Seconds of media made in a second, by kind.",
        kRatios
    },
    Description{"ittybit_input_bytes_total", "counter", "Size of the inputs of ended jobs."},
    Description{"ittybit_output_bytes_total", "counter", "Size of the outputs of ended jobs."},
    Description{"ittybit_child_exits_total", "counter", "Media processes ended, by reason."},
    Description{"ittybit_webhooks_pending", "gauge", "Webhooks that are not delivered yet."},
    Description{"ittybit_webhook_attempts_total", "counter", "Webhooks sent, by outcome."},
    Description{"ittybit_scratch_free_bytes", "gauge", "Room left where inputs are kept."},
    Description{"ittybit_sandbox_layer", "gauge", "1 where the layer stands around children."},
};

const Description* find(std::string_view name) {
    const auto* found = std::ranges::find(kDescriptions, name, &Description::name);
    return found == kDescriptions.end() ? nullptr : found;
}

std::string sample(
    std::string_view name, std::string_view suffix, std::string_view labels, double value
) {
    const auto braces = labels.empty() ? std::string() : fmt::format("{{{}}}", labels);
    return fmt::format("{}{}{} {}\n", name, suffix, braces, value);
}

}  // namespace

Metrics::Series& Metrics::series(std::string_view name, std::string_view labels) {
    return metrics_[std::string(name)][std::string(labels)];
}

void Metrics::add(std::string_view name, std::string_view labels, double amount) {
    const MutexLock lock(mutex_);
    series(name, labels).value += amount;
}

void Metrics::set(std::string_view name, std::string_view labels, double value) {
    const MutexLock lock(mutex_);
    series(name, labels).value = value;
}

void Metrics::clear(std::string_view name) {
    const MutexLock lock(mutex_);
    metrics_.erase(std::string(name));
}

void Metrics::observe(std::string_view name, std::string_view labels, double value) {
    const auto* row = find(name);
    if (row == nullptr) return;
    const MutexLock lock(mutex_);
    auto& histogram = series(name, labels);
    histogram.buckets.resize(row->bounds.size());
    histogram.value += value;
    ++histogram.count;
    for (std::size_t i = 0; i < row->bounds.size(); ++i) {
        if (value <= row->bounds[i]) ++histogram.buckets[i];
    }
}

std::string Metrics::text() const {
    const MutexLock lock(mutex_);
    std::string out;
    for (const auto& row : kDescriptions) {
        const auto found = metrics_.find(row.name);
        if (found == metrics_.end()) continue;
        out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", row.name, row.help, row.name, row.type);
        for (const auto& [labels, series] : found->second) {
            if (row.bounds.empty()) {
                out += sample(row.name, "", labels, series.value);
                continue;
            }
            const auto count = static_cast<double>(series.count);
            const std::string comma = labels.empty() ? "" : labels + ",";
            for (std::size_t i = 0; i < row.bounds.size(); ++i) {
                const auto bound = fmt::format("{}le=\"{}\"", comma, row.bounds[i]);
                out += sample(row.name, "_bucket", bound, static_cast<double>(series.buckets[i]));
            }
            out += sample(row.name, "_bucket", comma + "le=\"+Inf\"", count);
            out += sample(row.name, "_sum", labels, series.value);
            out += sample(row.name, "_count", labels, count);
        }
    }
    return out;
}

}  // namespace ittybit::work
