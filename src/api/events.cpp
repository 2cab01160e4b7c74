#include "api/events.h"

#include <chrono>

#include <fmt/format.h>

#include "base/fields_json.h"

namespace ittybit::api {
namespace {

class JobEvents : public EventStream {
public:
    JobEvents(Service& service, std::string job_id, std::int64_t seen)
        : service_(service), job_id_(std::move(job_id)), seen_(seen) {}

    bool is_due() override {
        if (is_over_ || service_.jobs.database().version() != version_) return true;
        const auto moment = service_.live.latest(job_id_);
        return moment && moment->number != moment_;
    }

    std::optional<std::string> poll() override {
        if (is_over_) return std::nullopt;
        const auto version = service_.jobs.database().version();
        std::string out;
        if (version != version_) {
            version_ = version;
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
        return fmt::format(
            "id: {}\nevent: job\ndata: {}\n\n", seen_, json::serialize(job_json((*record)->job))
        );
    }

    std::string new_progress() {
        const auto now = std::chrono::steady_clock::now();
        const auto moment = service_.live.latest(job_id_);
        if (!moment || moment->number == moment_ || now - told_at_ < std::chrono::seconds(1)) {
            return "";
        }
        moment_ = moment->number;
        told_at_ = now;
        json::object data{{"task", moment->task}};
        const auto progress = to_json(moment->progress);
        for (const auto& member : progress.get_object()) data[member.key()] = member.value();
        return fmt::format("event: progress\ndata: {}\n\n", json::serialize(data));
    }

    Service& service_;
    const std::string job_id_;
    std::int64_t seen_;
    std::uint64_t version_ = 0;
    std::uint64_t moment_ = 0;
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
