using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Atelier.Training.Step;

/// <summary>
/// A thread that computes shards. It lives as long as the run, because libtorch keeps an OpenMP pool and scratch
/// memory for every thread that calls it.
/// </summary>
public sealed class LaneThread : IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    /// <summary>Starts a thread called <paramref name="name"/>.</summary>
    public LaneThread(string name)
    {
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    /// <summary>Runs <paramref name="work"/> on this thread; the task carries its exception.</summary>
    public Task Start(Action work)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _work.Add(() =>
        {
            try
            {
                work();
                done.SetResult();
            }
#pragma warning disable CA1031 // every exception is handed to the waiting thread
            catch (Exception e)
#pragma warning restore CA1031
            {
                done.SetException(e);
            }
        });
        return done.Task;
    }

    /// <summary>
    /// Does the caller's own part, waits for all, and throws a failure as it was thrown: rather a cause than a cancellation
    /// that followed from it.
    /// </summary>
    public static void WaitAll(IEnumerable<Task> tasks, Action own)
    {
        var failures = new List<Exception>();
        try
        {
            own();
        }
#pragma warning disable CA1031 // thrown again below, when the others have ended
        catch (Exception e)
#pragma warning restore CA1031
        {
            failures.Add(e);
        }
        foreach (var task in tasks)
        {
            ((IAsyncResult)task).AsyncWaitHandle.WaitOne();
            if (task.Exception?.InnerException is { } failure)
                failures.Add(failure);
        }
        if (failures.Count > 0)
            ExceptionDispatchInfo.Throw(failures.Find(failure => failure is not OperationCanceledException) ?? failures[0]);
    }

    /// <summary>Waits for the work that was started, and ends the thread.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable())
            work();
    }
}
