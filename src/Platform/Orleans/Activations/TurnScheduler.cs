namespace Orleans.Runtime;

/// <summary>
/// Runs tasks one at a time, in the order in which they come, on the thread pool. Everything that a grain awaits goes on here, so
/// no two threads are ever in one grain.
/// </summary>
internal sealed class TurnScheduler : TaskScheduler, IThreadPoolWorkItem
{
    /// <summary>After so many tasks another grain gets the thread.</summary>
    private const int TasksBeforeYielding = 32;

    private readonly Lock _gate = new();
    private readonly Queue<Task> _tasks = new();
    private bool _scheduled;

    /// <summary>Whether the calling code runs in a turn here.</summary>
    public bool IsCurrent => Current == this;

    public void Execute()
    {
        for (var i = 0; i < TasksBeforeYielding; i++)
        {
            Task? next;
            lock (_gate)
            {
                if (!_tasks.TryDequeue(out next))
                {
                    _scheduled = false;
                    return;
                }
            }
            TryExecuteTask(next);
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Starts an asynchronous method in a turn of its own; nothing flows into it from the caller.</summary>
    public void Start(Func<Task> method)
    {
        using (FlowSuppression.Enter())
            Task.Factory.StartNew(method, CancellationToken.None, TaskCreationOptions.DenyChildAttach, this);
    }

    protected override void QueueTask(Task task)
    {
        lock (_gate)
        {
            _tasks.Enqueue(task);
            if (_scheduled)
                return;
            _scheduled = true;
        }
        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Within a turn a continuation may run at once: it is this grain's thread already.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && IsCurrent && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_gate)
            return [.. _tasks];
    }
}
