// URLs: a line that is one, then references that its redirects may lead to. curl, which makes the
// connection, must see the very host and port that our rules were asked about.
#include <memory>

#include <curl/curl.h>

#include "fuzz.h"
#include "net/address_policy.h"
#include "net/url.h"

using namespace ittybit;

namespace {

std::string part(CURLU* url, CURLUPart which) {
    char* text = nullptr;
    fuzz::must(curl_url_get(url, which, &text, CURLU_DEFAULT_PORT) == CURLUE_OK);
    std::string copy = text;
    curl_free(text);
    return copy;
}

void check(const net::Url& url) {
    const auto again = net::Url::parse(url.text());
    fuzz::must(again && *again == url);
    fuzz::must(!url.host().empty());
    for (const char letter : url.text()) fuzz::must(url.is_s3() || (letter > ' ' && letter < 0x7F));
    static_cast<void>(url.file_name());
    if (url.is_s3()) return;
    fuzz::must(url.port() > 0 && url.port() < 65536);
    static_cast<void>(net::classify(url.host()));
    const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> curl(curl_url(), curl_url_cleanup);
    const auto text = url.text();
    fuzz::must(
        curl_url_set(curl.get(), CURLUPART_URL, text.c_str(), CURLU_PATH_AS_IS) == CURLUE_OK
    );
    auto host = part(curl.get(), CURLUPART_HOST);
    if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
    fuzz::must(host == url.host());
    fuzz::must(part(curl.get(), CURLUPART_PORT) == std::to_string(url.port()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto [text, references] = fuzz::cut_line(fuzz::text_of(data, size));
    auto url = net::Url::parse(text);
    if (!url) {
        fuzz::must(url.error().kind == ErrorKind::kInvalidInput);
        return 0;
    }
    check(*url);
    while (!references.empty()) {
        const auto [reference, rest] = fuzz::cut_line(references);
        references = rest;
        auto next = url->resolve(reference);
        if (!next) continue;
        check(*next);
        url = std::move(next);
    }
    return 0;
}
