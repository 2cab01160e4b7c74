#pragma once

#include <stop_token>

namespace ittybit {

/// A stop source of one's own that is stopped with another's, too.
class LinkedStop {
public:
    explicit LinkedStop(const std::stop_token& outer) : follow_(outer, Follow{source_}) {}

    std::stop_token get_token() const { return source_.get_token(); }
    bool stop_requested() const { return source_.stop_requested(); }
    void request_stop() { source_.request_stop(); }

private:
    struct Follow {
        std::stop_source source;
        void operator()() { source.request_stop(); }
    };

    std::stop_source source_;
    std::stop_callback<Follow> follow_;
};

}  // namespace ittybit
