#include "work/local_input.h"

#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/output_name.h"
#include "net/client.h"
#include "storage/s3.h"
#include "work/target.h"

namespace ittybit::work {
namespace {

/// A source, and what it borrows.
struct LocalInput {
    explicit LocalInput(const std::string& scratch) : room(scratch, 0) {}
    net::Client client{{.policy = net::AddressPolicy::typed_by_user()}};
    storage::Room room;
    std::unique_ptr<storage::Source> source = {};
};

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
    const LocalRequest& request, const std::string& input, net::Client& client
) {
    if (!is_url(input)) return file_or_pipe(path_of(input));
    auto url = TRY(net::Url::parse(input));
    if (!url.is_s3()) return storage::http_origin(client, std::move(url));
    auto& s3 = *request.s3.at(request.order.connection.value_or(""));
    return storage::s3_origin(s3.client, s3.account, url.host(), url.key());
}

}  // namespace

Fd open_input(const std::string& path) {
    // A socket cannot be opened by that name.
    if (path == kStandardInput) return Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0));
    return Fd(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

Result<std::shared_ptr<storage::Source>> open_local_input(
    const LocalRequest& request,
    const std::string& url_or_path,
    std::int64_t largest,
    const std::stop_token& stop
) {
    auto local = std::make_shared<LocalInput>(request.scratch);
    auto origin = TRY(origin_of(request, url_or_path, local->client));
    storage::Source::Options options;
    options.scratch_folder = request.scratch;
    options.largest = largest;
    options.room = &local->room;
    local->source = TRY(storage::Source::open(std::move(origin), std::move(options), stop));
    return std::shared_ptr<storage::Source>(local, local->source.get());
}

}  // namespace ittybit::work
