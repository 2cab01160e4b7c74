#include "api/events.h"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit::api {
namespace {

constexpr auto kProgressPause = std::chrono::seconds(1);
constexpr auto kLookAgain = std::chrono::milliseconds(200);  // at a database that was busy

std::string progress_event(std::string_view data) {
    return fmt::format("event: progress\ndata: {}\n\n", data);
}

class JobEvents : public EventStream {
public:
    JobEvents(Service& service, std::string job_id, std::int64_t seen)
        : service_(service), job_id_(std::move(job_id)), seen_(seen) {}

    void on_news(std::function<void()> wake) override {
        news_ = service_.jobs.database().changes().subscribe(
            {store::topic::job(job_id_), store::topic::progress(job_id_)}, std::move(wake)
        );
    }

    News look() override {
        take_messages();
        News news;
        if (std::exchange(is_new_, false)) news.text = changed_job();
        if (!is_over_) news.text += new_progress();
        news.is_last = is_over_;
        if (is_new_) news.again = std::chrono::steady_clock::now() + kLookAgain;
        if (!progress_.empty()) news.again = std::min(news.again, told_at_ + kProgressPause);
        return news;
    }

private:
    void take_messages() {
        for (auto& message : news_->take()) {
            if (message.topic == store::topic::progress(job_id_)) {
                const auto data = parse_json(message.text);
                if (data && is_further(*data)) {
                    progress_[string_at(*data, "task")] = std::move(message.text);
                }
            } else {
                is_new_ = true;
                if (message.topic.empty()) take_saved_progress();
            }
        }
    }

    /// Whether it tells no less than what was told: rows and messages overtake each other.
    bool is_further(const json::value& data) {
        const auto* percent = data.as_object().if_contains("percent");
        if (percent == nullptr || !percent->is_number()) return true;
        const auto now = percent->to_number<double>();
        auto& told = told_.try_emplace(string_at(data, "task"), now).first->second;
        if (now < told) return false;
        told = now;
        return true;
    }

    std::string changed_job() {
        const auto revision = service_.jobs.find_revision(job_id_);
        if (!revision) {
            is_new_ = true;  // the database is busy: the next look will tell
            return "";
        }
        if (!*revision) {
            is_over_ = true;  // deleted
            return "";
        }
        if (**revision <= seen_) return "";
        const auto record = service_.jobs.find_job(job_id_);
        if (!record || !*record) return "";
        seen_ = (*record)->revision;
        is_over_ = is_final((*record)->job.status);
        const auto& job = (*record)->job;
        const bool is_task = (*record)->is_task;
        return fmt::format(
            "id: {}\nevent: {}\ndata: {}\n\n", seen_, is_task ? "task" : "job",
            compact_json(is_task ? task_json(service_, job.tasks.front()) : job_json(service_, job))
        );
    }

    std::string new_progress() {
        const auto now = std::chrono::steady_clock::now();
        if (progress_.empty() || now < told_at_ + kProgressPause) return "";
        std::string out;
        for (const auto& [task, data] : progress_) out += progress_event(data);
        progress_.clear();
        told_at_ = now;
        return out;
    }

    /// Another process works on the job: what its heartbeats left in the tasks.
    void take_saved_progress() {
        const auto record = service_.jobs.find_job(job_id_);
        if (!record || !*record) return;
        for (const auto& task : (*record)->job.tasks) {
            if (task.status != TaskStatus::kProcessing || !task.progress) continue;
            const double saved = *task.progress;
            const auto told = told_.find(task.id);
            if (told != told_.end() && saved <= told->second) continue;
            told_[task.id] = saved;
            json::object data{{"task", task.id}, {"percent", *task.progress}};
            data["speed"] = data["eta_s"] = nullptr;
            progress_[task.id] = compact_json(data);
        }
    }

    Service& service_;
    const std::string job_id_;
    std::int64_t seen_;
    std::unique_ptr<store::Changes::Subscription> news_;
    bool is_new_ = true;                           // nothing was looked at yet
    std::map<std::string, std::string> progress_;  // by task, what is to be told of it
    std::map<std::string, double> told_;           // by task, the most percent so far
    std::chrono::steady_clock::time_point told_at_{};
    bool is_over_ = false;
};

void drop_streams(json::object& task) {
    for (const auto* name : {"input", "output"}) {
        if (auto* file = task[name].if_object()) file->erase("streams");
    }
}

}  // namespace

Response events_response(Service& service, const Request& request, const store::JobRecord& record) {
    std::int64_t seen = 0;
    const auto last = request.header("Last-Event-ID");
    std::from_chars(last.data(), last.data() + last.size(), seen);
    if (seen > record.revision) seen = 0;  // of another database, say: begin anew
    if (is_final(record.job.status) && seen >= record.revision)
        return no_content();  // tells EventSource not to come back
    return following(std::make_shared<JobEvents>(service, record.job.id, seen));
}

Response following(std::shared_ptr<EventStream> events) {
    Response response;
    response.with("Content-Type", "text/event-stream").with("Cache-Control", "no-store");
    response.with("X-Accel-Buffering", "no");  // nginx would hold events back
    response.events = std::move(events);
    return response;
}

json::object task_json(const Service& service, const Task& task, bool is_in_list) {
    auto value = to_json(task);
    if (is_in_list) drop_streams(value.get_object());
    service.settings.links.renew(value.get_object(), service.clock.now());
    return std::move(value.get_object());
}

json::object job_json(const Service& service, const Job& job, bool is_in_list) {
    auto value = to_json(job);
    if (is_in_list) {
        for (auto& task : value.get_object()["tasks"].get_array()) drop_streams(task.get_object());
    }
    service.settings.links.renew(value.get_object(), service.clock.now());
    return std::move(value.get_object());
}

}  // namespace ittybit::api
