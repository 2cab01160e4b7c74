#pragma once

#include "base/result.h"

namespace ittybit::media {

/// The inbox of a pipeline stage. A stage is built with the sink it pushes into, so pipelines are
/// built back to front. Back-pressure is a `push` that does not return yet. After an error or
/// `finish`, nothing more may be pushed.
template <typename T>
struct Sink {
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    /// Takes one item. An error ends the whole pipeline.
    virtual Result<> push(T item) = 0;

    /// No more items will come: passes on what is held back, and finishes the stages behind.
    virtual Result<> finish() = 0;
};

/// Where what nobody needs goes.
template <typename T>
struct Nowhere : Sink<T> {
    Result<> push(T) override { return {}; }
    Result<> finish() override { return {}; }
};

}  // namespace ittybit::media
