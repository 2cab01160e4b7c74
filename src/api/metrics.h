#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace ittybit::api {

/// Counters and gauges in the Prometheus text format. Names and labels come from a small set: no
/// ids, URLs or messages. Safe from any thread.
class Metrics {
public:
    /// `labels` as they are written: `kind="video",status="failed"`; may be empty.
    void add(std::string_view name, std::string_view labels, double amount = 1);
    void set(std::string_view name, std::string_view labels, double value);

    /// Every metric of the table in metrics.cpp, with its help and type.
    std::string text() const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::map<std::string, double>> values_;  // by name, then labels
};

}  // namespace ittybit::api
