#include "api/events.h"

#include <chrono>
#include <map>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit::api {
namespace {

std::string progress_event(const std::string& task, const Progress& progress) {
    json::object data{{"task", task}};
    const auto facts = to_json(progress);
    for (const auto& fact : facts.get_object()) data[fact.key()] = fact.value();
    return fmt::format("event: progress\ndata: {}\n\n", compact_json(data));
}

class JobEvents : public EventStream {
public:
    JobEvents(Service& service, std::string job_id, std::int64_t seen)
        : service_(service), job_id_(std::move(job_id)), seen_(seen) {}

    bool is_due() override {
        if (is_over_ || service_.jobs.database().version() != version_) return true;
        return may_tell() && (has_news_ || !service_.live.since(job_id_, moment_).empty());
    }

    std::optional<std::string> poll() override {
        if (is_over_) return std::nullopt;
        const auto version = service_.jobs.database().version();
        std::string out;
        if (version != version_) {
            version_ = version;
            has_news_ = true;
            out += changed_job();
        }
        if (!is_over_) out += new_progress();
        return out;
    }

private:
    std::string changed_job() {
        const auto revision = service_.jobs.find_revision(job_id_);
        if (!revision) return "";  // the database is busy: the next look will tell
        if (!*revision) {
            is_over_ = true;  // deleted
            return "";
        }
        if (**revision <= seen_) return "";
        const auto record = service_.jobs.find_job(job_id_);
        if (!record || !*record) return "";
        seen_ = (*record)->revision;
        is_over_ = is_final((*record)->job.status);
        return fmt::format("id: {}\nevent: job\ndata: {}\n\n", seen_, json_text((*record)->job));
    }

    bool may_tell() const {
        return std::chrono::steady_clock::now() - told_at_ >= std::chrono::seconds(1);
    }

    std::string new_progress() {
        if (!may_tell()) return "";
        std::string out;
        for (const auto& moment : service_.live.since(job_id_, moment_)) {
            moment_ = moment.number;
            out += progress_event(moment.task, moment.progress);
        }
        if (moment_ == 0 && has_news_) out += saved_progress();
        has_news_ = false;
        told_at_ = std::chrono::steady_clock::now();
        return out;
    }

    /// Another process works on the job: what its heartbeats left in the tasks.
    std::string saved_progress() {
        std::string out;
        const auto record = service_.jobs.find_job(job_id_);
        if (!record || !*record) return out;
        for (const auto& task : (*record)->job.tasks) {
            const bool is_new = task.status == TaskStatus::kProcessing && task.progress &&
                                task.progress > saved_[task.id];
            if (!is_new) continue;
            saved_[task.id] = task.progress;
            const Progress progress{*task.progress, std::nullopt, std::nullopt};
            out += progress_event(task.id, progress);
        }
        return out;
    }

    Service& service_;
    const std::string job_id_;
    std::int64_t seen_;
    std::uint64_t version_ = 0;
    bool has_news_ = false;     // the database changed since progress was looked for
    std::uint64_t moment_ = 0;  // the number of the last one told
    std::map<std::string, std::optional<int>> saved_;  // by task, what was told of it
    std::chrono::steady_clock::time_point told_at_{};
    bool is_over_ = false;
};

void drop_streams(json::object& task) {
    for (const auto* name : {"input", "output"}) {
        if (auto* file = task[name].if_object()) file->erase("streams");
    }
}

}  // namespace

std::shared_ptr<EventStream> follow_job(Service& service, std::string job_id, std::int64_t seen) {
    return std::make_shared<JobEvents>(service, std::move(job_id), seen);
}

json::object task_json(const Task& task, bool is_in_list) {
    auto value = to_json(task);
    if (is_in_list) drop_streams(value.get_object());
    return std::move(value.get_object());
}

json::object job_json(const Job& job, bool is_in_list) {
    auto value = to_json(job);
    if (is_in_list) {
        for (auto& task : value.get_object()["tasks"].get_array()) drop_streams(task.get_object());
    }
    return std::move(value.get_object());
}

}  // namespace ittybit::api
