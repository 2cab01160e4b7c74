// What was told to webhooks, each try, and once more where that is wanted.
import { useEffect, useState } from "preact/hooks";
import { get, post, type Delivery, type Job } from "./api";
import { duration, moment } from "./format";
import { Icon } from "./icon";
import { isFinal } from "./jobs";
import { usePages } from "./pages";
import { poll } from "./poll";
import { attempt, say, Show, State } from "./ui";

const SHOWN = {
    "pending,failed": "not delivered",
    delivered: "delivered",
    "pending,failed,delivered": "all",
};

const Tries = ({ delivery }: { delivery: Delivery }) => (
    <ol class="tries">
        {delivery.attempts.map((one) => (
            <li key={one.at}>
                <span>{moment(one.at)}</span>
                <span>{one.status ?? one.error ?? "no answer"}</span>
                <span>{duration(one.duration_ms)}</span>
            </li>
        ))}
    </ol>
);

interface EntryProps {
    delivery: Delivery;
    changed: () => void;
    isOfMany?: boolean; // those of other jobs stand beside it
}

function Entry({ delivery, changed, isOfMany }: EntryProps) {
    const { id, job, task } = delivery;
    const resend = () =>
        attempt(async () => {
            await post(`${job ? `jobs/${job}` : `tasks/${task}`}/webhooks/${id}/resend`);
            say("Sent once more");
            setTimeout(changed, 300);
        });
    return (
        <div class="delivery">
            <p>
                <State status={delivery.status} /> <code>{delivery.type}</code>{" "}
                {isOfMany && job && <a href={`#/jobs/${job}`}>its job</a>}
            </p>
            <p class="breakable">{delivery.url}</p>
            <Tries delivery={delivery} />
            {delivery.next_attempt_at && delivery.status === "pending" && (
                <p class="hint">Next try {moment(delivery.next_attempt_at)}</p>
            )}
            <button type="button" onClick={() => void resend()}>
                <Icon name="retry" />
                Send again
            </button>
        </div>
    );
}

/// Those of one job.
export function Webhooks({ job }: { job: Job }) {
    const [deliveries, setDeliveries] = useState<Delivery[]>([]);
    const load = async () => setDeliveries(await get<Delivery[]>(`jobs/${job.id}/webhooks`));
    const isPending = deliveries.some((one) => one.status === "pending");
    useEffect(() => {
        if (isFinal(job.status)) void attempt(load);
    }, [job.id, job.status]);
    useEffect(() => {
        if (isPending) return poll(load, 2000);
    }, [isPending]);
    if (deliveries.length === 0) return null;
    return (
        <section class="card">
            <h2>Webhook</h2>
            {deliveries.map((one) => (
                <Entry key={one.id} delivery={one} changed={() => void attempt(load)} />
            ))}
        </section>
    );
}

/// Those of all jobs.
export function Deliveries() {
    const [status, setStatus] = useState(Object.keys(SHOWN)[0]!);
    const { items, more, again } = usePages<Delivery>("webhooks", { status });
    return (
        <section class="card">
            <div class="title">
                <h2>Webhooks</h2>
                <Show value={status} options={SHOWN} choose={setStatus} />
            </div>
            {items?.length === 0 && <p class="hint">None.</p>}
            {items?.map((one) => (
                <Entry key={one.id} delivery={one} changed={again} isOfMany />
            ))}
            {more && (
                <button type="button" onClick={more}>
                    More
                </button>
            )}
        </section>
    );
}
