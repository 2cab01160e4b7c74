#include <span>

#include "image/library.h"
#include "media/error.h"
#include "media/fonts.h"
#include "sandbox/media_process.h"
#include "tasks/run_task.h"

namespace ittybit {
namespace {

/// A task's events, written to the parent.
class SocketEvents : public tasks::Events {
public:
    explicit SocketEvents(sandbox::EventWriter& writer) : writer_(writer) {}
    void progress(const Progress& progress) override { writer_.send(progress); }
    void file_grown(const FileGrown& grown) override { writer_.send(grown); }
    void file_ready(const FileReady& ready) override { writer_.send(ready); }

private:
    sandbox::EventWriter& writer_;
};

Result<> initialise() {
    media::capture_log();
    media::map_fonts();
    return image::init();
}

Result<Finished> run(
    const Assignment& assignment, sandbox::Inputs& inputs, sandbox::EventWriter& writer
) {
    SocketEvents events(writer);
    return tasks::run_task(assignment, *inputs.front(), events, std::span(inputs).subspan(1));
}

}  // namespace
}  // namespace ittybit

int main() {
    return ittybit::sandbox::serve_children({ittybit::initialise, ittybit::run});
}
