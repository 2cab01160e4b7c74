#include "work/local_input.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/output_name.h"
#include "storage/s3.h"
#include "work/places.h"
#include "work/target.h"

namespace ittybit::work {
namespace {

/// A file in place; a pipe or device, which can be read only once, as it comes.
std::unique_ptr<storage::Origin> file_or_pipe(const std::string& path) {
    Fd file = open_input(path);
    struct stat facts{};
    const bool is_plain = !file || ::fstat(file.get(), &facts) != 0 || S_ISREG(facts.st_mode) ||
                          S_ISDIR(facts.st_mode);
    if (is_plain) return storage::file_origin(path);
    return storage::pipe_origin(std::move(file), path == kStandardInput ? "standard input" : path);
}

Result<std::unique_ptr<storage::Origin>> origin_of(
    const LocalRequest& request, net::Client& client
) {
    const auto input = request.order.input.url();
    if (!is_url(input)) return file_or_pipe(path_of(input));
    auto url = TRY(net::Url::parse(input));
    if (!url.is_s3()) return storage::http_origin(client, std::move(url));
    const auto place = read_s3(input);
    auto& s3 = *request.s3.at(request.order.connection.value_or(""));
    return storage::s3_origin(s3.client, s3.account, place.bucket, place.key);
}

}  // namespace

Fd open_input(const std::string& path) {
    // A socket cannot be opened by that name.
    if (path == kStandardInput) return Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

Result<std::unique_ptr<LocalInput>> LocalInput::open(
    const LocalRequest& request, const std::stop_token& stop
) {
    auto local = std::make_unique<LocalInput>(request.scratch);
    auto origin = TRY(origin_of(request, local->client_));
    storage::Source::Options options;
    options.scratch_folder = request.scratch;
    options.largest = request.limits.input_bytes;
    options.room = &local->room_;
    local->source_ = TRY(storage::Source::open(std::move(origin), std::move(options), stop));
    return local;
}

}  // namespace ittybit::work
