#include "store/changes.h"

#include <algorithm>
#include <set>
#include <utility>

#include <fmt/format.h>

namespace ittybit::store {
namespace {

/// "job:" of "job:<id>": the topic of those who listen to all of them.
std::string_view family_of(std::string_view topic) {
    return topic.substr(0, topic.find(':') + 1);
}

}  // namespace

std::string topic::job(std::string_view id) {
    return fmt::format("job:{}", id);
}

std::string topic::progress(std::string_view job_id) {
    return fmt::format("progress:{}", job_id);
}

std::string topic::pieces(std::string_view job_id) {
    return fmt::format("pieces:{}", job_id);
}

std::string_view topic::job_in(std::string_view topic) {
    const auto family = family_of(topic);
    return family.empty() ? "" : topic.substr(family.size());
}

Changes::Subscription::~Subscription() {
    const MutexLock lock(changes_.mutex_);
    for (const auto& topic : topics_) {
        auto [at, last] = changes_.listeners_.equal_range(topic);
        while (at != last && at->second != this) ++at;
        if (at != last) changes_.listeners_.erase(at);
    }
}

bool Changes::Subscription::has_news() const {
    const MutexLock lock(mutex_);
    return !news_.empty();
}

std::vector<Changes::Message> Changes::Subscription::take() {
    const MutexLock lock(mutex_);
    return std::exchange(news_, {});
}

bool Changes::Subscription::wait(std::chrono::milliseconds timeout, const std::stop_token& stop) {
    MutexLock lock(mutex_);
    return changed_.wait_for(lock, stop, timeout, [&]() REQUIRES(mutex_) {
        return !news_.empty();
    });
}

void Changes::Subscription::hear(std::string_view topic, const std::string& text) {
    {
        const MutexLock lock(mutex_);
        // A state is looked up by whoever hears of it: once is enough.
        const auto is_known = [&](const Message& news) {
            return news.topic == topic && news.text == text;
        };
        if (std::ranges::any_of(news_, is_known)) return;
        if (news_.size() == kMostNews) news_.erase(news_.begin());
        news_.push_back({std::string(topic), text});
    }
    changed_.notify_all();
    if (wake_) wake_();
}

std::unique_ptr<Changes::Subscription> Changes::subscribe(
    std::vector<std::string> topics, std::function<void()> wake
) {
    std::unique_ptr<Subscription> made(new Subscription(*this, std::move(topics), std::move(wake)));
    const MutexLock lock(mutex_);
    for (const auto& topic : made->topics_) listeners_.emplace(topic, made.get());
    return made;
}

void Changes::tell(std::string_view topic, const std::string& text) {
    tell_here(topic, text);
    if (relay_) relay_(topic, text);
}

void Changes::tell_here(std::string_view topic, const std::string& text) {
    const MutexLock lock(mutex_);
    for (const auto listened : {topic, family_of(topic)}) {
        const auto [first, last] = listeners_.equal_range(listened);
        for (auto at = first; at != last; ++at) at->second->hear(topic, text);
    }
}

void Changes::tell_all() {
    const MutexLock lock(mutex_);
    std::set<Subscription*> all;
    for (const auto& [topic, listener] : listeners_) all.insert(listener);
    for (auto* listener : all) listener->hear("", "");
}

}  // namespace ittybit::store
