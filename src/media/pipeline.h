#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "base/channel.h"
#include "base/result.h"
#include "base/thread_safety.h"
#include "media/error.h"
#include "media/handles.h"
#include "media/sink.h"

namespace ittybit::media {

/// What the threads of one pipeline share: the first error, and the wish to stop that follows it.
class Outcome {
public:
    std::stop_token stop() const { return stop_.get_token(); }

    /// Keeps the first error and stops everything; the echoes of the stop are dropped.
    void fail(Error error) {
        {
            const MutexLock lock(mutex_);
            if (!error_) error_ = std::move(error);
        }
        stop_.request_stop();
    }

    /// The first error, if there was one. Once all threads are joined.
    Result<> take() {
        const MutexLock lock(mutex_);
        if (!error_) return {};
        return *std::exchange(error_, std::nullopt);
    }

private:
    std::stop_source stop_;
    Mutex mutex_;
    std::optional<Error> error_ GUARDED_BY(mutex_);
};

/// Hands each item on to several sinks: frames and packets as references to the same data, which
/// nobody may write to afterwards.
template <typename T>
class Tee : public Sink<T> {
public:
    explicit Tee(std::vector<Sink<T>*> sinks) : sinks_(std::move(sinks)) {}

    Result<> push(T item) override {
        for (std::size_t i = 1; i < sinks_.size(); ++i) TRY(sinks_[i]->push(share(*item)));
        return sinks_.front()->push(std::move(item));
    }

    Result<> finish() override {
        for (Sink<T>* sink : sinks_) TRY(sink->finish());
        return {};
    }

private:
    std::vector<Sink<T>*> sinks_;
};

/// A thread of its own for the stages behind it: a bounded inbox, and a thread that empties it into
/// the next sink. Pushing waits while it is full. `finish` returns at once; the thread finishes the
/// stages behind when the inbox is empty. The only stage that knows threads.
template <typename T>
class Detached : public Sink<T> {
public:
    Detached(Outcome& outcome, std::size_t capacity, Sink<T>& next)
        : outcome_(outcome), inbox_(capacity), next_(next), thread_([this] { work(); }) {}
    ~Detached() override { join(); }

    Result<> push(T item) override {
        if (inbox_.send(std::move(item), outcome_.stop())) return {};
        return cancelled();
    }

    Result<> finish() override {
        inbox_.close();
        return {};
    }

    /// Waits for the thread, which ends after `finish` or when the pipeline stops.
    void join() {
        if (thread_.joinable()) thread_.join();
    }

private:
    void work() {
        while (auto item = inbox_.receive(outcome_.stop())) {
            if (auto result = next_.push(*std::move(item)); !result)
                return outcome_.fail(std::move(result).error());
        }
        if (outcome_.stop().stop_requested()) return;
        if (auto result = next_.finish(); !result) outcome_.fail(std::move(result).error());
    }

    Outcome& outcome_;
    Channel<T> inbox_;
    Sink<T>& next_;
    std::thread thread_;
};

/// How many pictures of so many bytes may wait in one inbox: 8, fewer where they are large.
constexpr std::size_t frames_ahead(std::int64_t bytes_per_frame) {
    constexpr std::int64_t kRoom = 96'000'000;
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>(kRoom / std::max<std::int64_t>(bytes_per_frame, 1), 2, 8)
    );
}

/// Owns the stages of one run, built back to front, and joins their threads.
///
///     Pipeline pipeline(stop);
///     auto& encoder = pipeline.add(TRY(Encoder::open(…, track)));
///     auto& frames = pipeline.detach<Frame>(frames_ahead(…), encoder);
///     auto& filters = pipeline.make<Filters>(…, frames);
///     …
///     TRY(pipeline.run([&] { return pump(input, sinks); }));
class Pipeline {
public:
    /// Stops when `stop` is asked for.
    explicit Pipeline(const std::stop_token& stop = {})
        : outer_(stop, [this] { outcome_.fail(cancelled()); }) {}
    Pipeline(const Pipeline&) = delete;
    Pipeline& operator=(const Pipeline&) = delete;

    /// Ends threads that still run, then destroys the stages front to back.
    ~Pipeline() {
        if (!threads_.empty()) outcome_.fail(cancelled());
        join();
        while (!stages_.empty()) stages_.pop_back();
    }

    /// Keeps a stage made elsewhere.
    template <typename Stage>
    Stage& add(std::unique_ptr<Stage> stage) {
        Stage& made = *stage;
        stages_.emplace_back(stage.release(), [](void* it) { delete static_cast<Stage*>(it); });
        return made;
    }

    template <typename Stage, typename... Arguments>
    Stage& make(Arguments&&... arguments) {
        return add(std::make_unique<Stage>(std::forward<Arguments>(arguments)...));
    }

    /// Gives `next` and all behind it a thread.
    template <typename T>
    Sink<T>& detach(std::size_t capacity, Sink<T>& next) {
        auto& stage = make<Detached<T>>(outcome_, capacity, next);
        threads_.push_back([&stage] { stage.join(); });
        return stage;
    }

    /// Stopped by the first error anywhere.
    std::stop_token stop() const { return outcome_.stop(); }

    /// Runs the source on this thread, waits for all others, and returns the first error of any.
    template <typename Source>
    Result<> run(Source&& source) {
        if (auto result = source(); !result) outcome_.fail(std::move(result).error());
        join();
        return outcome_.take();
    }

private:
    void join() {
        for (const auto& wait : threads_) wait();
        threads_.clear();
    }

    Outcome outcome_;
    std::vector<std::unique_ptr<void, void (*)(void*)>> stages_;
    std::vector<std::function<void()>> threads_;
    std::stop_callback<std::function<void()>> outer_;
};

}  // namespace ittybit::media
