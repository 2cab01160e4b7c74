// GET /jobs/events: what happens to any job, for who shows a list of them.

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "api/events.h"
#include "api/handlers.h"

namespace ittybit::api {
namespace {

constexpr auto kPause = std::chrono::milliseconds(500);  // between two looks at the store

std::string event(std::string_view name, const json::value& data) {
    return fmt::format("event: {}\ndata: {}\n\n", name, compact_json(data));
}

/// `changed` first, and whenever it cannot be told which jobs: lists are to be asked for anew. Else
/// `job` (as in lists) for each that is new or in another state, `deleted` for one that is gone,
/// and `progress`; what comes between two pauses is told together, and of each job once. Never
/// ends.
class JobsEvents : public EventStream {
public:
    explicit JobsEvents(Service& service) : service_(service) {}

    void on_news(std::function<void()> wake) override {
        news_ = service_.jobs.database().changes().subscribe(
            {store::topic::job(""), store::topic::progress("")}, std::move(wake)
        );
    }

    News look() override {
        take_messages();
        News news;
        const auto now = std::chrono::steady_clock::now();
        if (has_news() && now >= told_at_ + kPause) {
            told_at_ = now;
            news.text = std::exchange(is_behind_, false) ? event("changed", json::object())
                                                         : changed_jobs();
            for (const auto& [task, data] : std::exchange(progress_, {})) {
                news.text += event("progress", data);
            }
        }
        if (has_news()) news.again = told_at_ + kPause;
        return news;
    }

private:
    bool has_news() const { return is_behind_ || !changed_.empty() || !progress_.empty(); }

    void take_messages() {
        auto messages = news_->take();
        for (auto& message : messages) {
            const std::string job(store::topic::job_in(message.topic));
            if (job.empty()) {
                is_behind_ = true;
            } else if (message.topic == store::topic::job(job)) {
                changed_.insert(job);
            } else if (auto data = parse_json(message.text); data && data->is_object()) {
                data->get_object()["job"] = job;
                auto& latest = progress_[string_at(*data, "task")];
                latest = *std::move(data);
            }
        }
        // More came than is told job by job; of those before, some may have been dropped.
        const auto most = std::max({messages.size(), changed_.size(), progress_.size()});
        if (most >= store::Changes::kMostNews) is_behind_ = true;
        if (!is_behind_) return;
        changed_.clear();
        progress_.clear();
    }

    /// From the first job on that cannot be read now, they are told at the next look.
    std::string changed_jobs() {
        std::string out;
        while (!changed_.empty()) {
            const auto& id = *changed_.begin();
            const auto record = service_.jobs.find_job(id);
            if (!record) break;
            if (!*record) {
                out += event("deleted", json::object{{"id", id}});
            } else if (!(*record)->is_task) {
                out += event("job", job_json(service_, (*record)->job, true));
            }
            changed_.erase(changed_.begin());
        }
        return out;
    }

    Service& service_;
    std::unique_ptr<store::Changes::Subscription> news_;
    bool is_behind_ = true;                        // nothing was asked for yet
    std::set<std::string> changed_;                // ids
    std::map<std::string, json::value> progress_;  // by task, the latest
    std::chrono::steady_clock::time_point told_at_{};
};

Result<Response> events(Service& service, const Request& /*request*/) {
    return following(std::make_shared<JobsEvents>(service));
}

}  // namespace

std::vector<Route> jobs_events_routes() {
    return {
        {.method = "GET",
         .pattern = "/jobs/events",
         .summary = "Follow all jobs by Server-Sent Events",
         .handler = events,
         .answer_schema = "Events"},
    };
}

}  // namespace ittybit::api
