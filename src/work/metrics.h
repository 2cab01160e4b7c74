#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/thread_safety.h"

namespace ittybit::work {

/// Counters, gauges and histograms of this process in the Prometheus text format. Each metric is a
/// row of the table in metrics.cpp. Labels come from small sets: no ids, URLs or messages. Safe
/// from any thread.
class Metrics {
public:
    /// `labels` as they are written: `kind="video",status="failed"`; may be empty.
    void add(std::string_view name, std::string_view labels, double amount = 1);
    void set(std::string_view name, std::string_view labels, double value);
    /// Forgets what was set, whatever the labels.
    void clear(std::string_view name);
    /// Counts a value into the histogram's buckets.
    void observe(std::string_view name, std::string_view labels, double value);

    std::string text() const;

private:
    struct Series {
        double value = 0;  // of a histogram: the sum
        std::vector<std::uint64_t> buckets;
        std::uint64_t count = 0;
    };
    Series& series(std::string_view name, std::string_view labels) REQUIRES(mutex_);

    mutable Mutex mutex_;
    // By name and labels.
    std::map<std::string, std::map<std::string, Series>, std::less<>> metrics_ GUARDED_BY(mutex_);
};

}  // namespace ittybit::work
