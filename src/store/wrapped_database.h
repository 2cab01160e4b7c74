#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "store/database.h"

/// Databases for tests: another one, with something in between.
namespace ittybit::store {

/// Passes everything on to another database. Derived classes see each statement.
class WrappedDatabase : public Database {
public:
    explicit WrappedDatabase(Database& inner) : inner_(inner) {}

    void write_later(Work work, Done done) override {
        inner_.write_later(writing_as_seen(std::move(work)), std::move(done));
    }
    Result<void> tidy(const Work& work) override { return inner_.tidy(writing_as_seen(work)); }
    Result<void> read(const Work& work) override {
        return inner_.read([&](Session& session) {
            Seen seen(*this, session);
            return work(seen);
        });
    }
    Changes& changes() override { return inner_.changes(); }
    const Dialect& dialect() const override { return inner_.dialect(); }
    const Clock& clock() const override { return inner_.clock(); }
    Result<void> check() override { return inner_.check(); }
    Result<void> maintain() override { return inner_.maintain(); }

protected:
    virtual Result<Rows> run(Session& inner, std::string_view sql, const Values& values) = 0;
    virtual Result<void> before_commit() { return {}; }

private:
    class Seen : public Session {
    public:
        Seen(WrappedDatabase& database, Session& inner) : database_(database), inner_(inner) {}
        Result<Rows> run(std::string_view sql, const Values& values) override {
            return database_.run(inner_, sql, values);
        }
        void announce(std::string_view topic) override { inner_.announce(topic); }

    private:
        WrappedDatabase& database_;
        Session& inner_;
    };

    Work writing_as_seen(Work work) {
        return [this, work = std::move(work)](Session& session) -> Result<void> {
            Seen seen(*this, session);
            TRY(work(seen));
            return before_commit();
        };
    }

    Database& inner_;
};

/// Fails its n-th statement, where a commit counts as one, and then works again. Any thread.
class FaultyDatabase : public WrappedDatabase {
public:
    using WrappedDatabase::WrappedDatabase;

    void fail_at(int statement) { left_ = statement; }
    /// Whether the fault that was asked for has happened.
    bool has_failed() const { return left_ <= 0; }

private:
    Result<void> count() {
        if (--left_ == 0)
            return Error{ErrorKind::kDiskFull, "the disk that holds the database is full", ""};
        return {};
    }
    Result<Rows> run(Session& inner, std::string_view sql, const Values& values) override {
        TRY(count());
        return inner.run(sql, values);
    }
    Result<void> before_commit() override { return count(); }

    std::atomic<int> left_ = 0;
};

/// Tells `hear` of every statement.
class RecordingDatabase : public WrappedDatabase {
public:
    using Hear = std::function<void(std::string_view sql)>;
    RecordingDatabase(Database& inner, Hear hear)
        : WrappedDatabase(inner), hear_(std::move(hear)) {}

private:
    Result<Rows> run(Session& inner, std::string_view sql, const Values& values) override {
        hear_(sql);
        return inner.run(sql, values);
    }

    const Hear hear_;
};

}  // namespace ittybit::store
