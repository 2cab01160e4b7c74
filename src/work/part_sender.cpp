#include "work/part_sender.h"

#include <utility>

namespace ittybit::work {
namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kMost = 64;  // at once; each holds a descriptor

}  // namespace

PartSender::PartSender(std::shared_ptr<storage::Storage> place, const std::stop_token& stop)
    : place_(std::move(place)),
      stop_(stop),
      crew_(kThreads, [this](const Part& part, const std::stop_token&) { return publish(part); }) {}

void PartSender::stop() {
    stop_.request_stop();
    crew_.stop();
}

Result<> PartSender::send(Part part) {
    return crew_.give(std::move(part), kMost, stop_.get_token());
}

Result<> PartSender::finish() {
    return crew_.finish(stop_.get_token());
}

Result<std::string> PartSender::publish(const Part& part) {
    const auto stop = stop_.get_token();
    auto upload = TRY(place_->begin(part.key, part.options, stop));
    TRY(upload->put_file(part.file.get(), {0, part.size}, stop));
    TRY(upload->commit(part.size, stop));
    return part.key;
}

}  // namespace ittybit::work
