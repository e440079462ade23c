using System.Collections.Concurrent;

namespace Atelier.Training.Data.Conversion;

/// <summary>
/// Computes numbered items on several threads and hands them out in the order of their numbers. At most a window of items
/// exists at a time, however slow the one is that is waited for.
/// </summary>
internal static class OrderedWork
{
    private const int WindowPerJob = 16;

    /// <summary>Computes items.</summary>
    /// <param name="numbers">Which, in the order wanted.</param>
    /// <param name="jobs">Threads.</param>
    /// <param name="compute">Computes one, on any of the threads. What it throws is thrown where the item would come.</param>
    /// <param name="cancellation">Ends the sequence.</param>
    public static IEnumerable<(int Number, T Item)> Run<T>(
        IReadOnlyList<int> numbers, int jobs, Func<int, T> compute, CancellationToken cancellation)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using var todo = new BlockingCollection<(int Number, TaskCompletionSource<T> Result)>();
        var threads = Enumerable.Range(0, jobs).Select(_ => new Thread(() => Work(todo, compute, ended.Token)) { IsBackground = true }).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        try
        {
            var window = new Queue<(int Number, TaskCompletionSource<T> Result)>();
            for (var next = 0; next < numbers.Count || window.Count > 0;)
            {
                for (; next < numbers.Count && window.Count < jobs * WindowPerJob; next++)
                {
                    var item = (numbers[next], new TaskCompletionSource<T>());
                    window.Enqueue(item);
                    todo.Add(item, CancellationToken.None);
                }

                var (number, result) = window.Dequeue();
                yield return (number, result.Task.WaitAsync(cancellation).GetAwaiter().GetResult());
            }
        }
        finally
        {
            ended.Cancel();
            Array.ForEach(threads, thread => thread.Join());
        }
    }

    private static void Work<T>(
        BlockingCollection<(int Number, TaskCompletionSource<T> Result)> todo, Func<int, T> compute, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                var (number, result) = todo.Take(ended);
                try
                {
                    result.SetResult(compute(number));
                }
#pragma warning disable CA1031 // not swallowed: it is thrown where the item is waited for
                catch (Exception e)
#pragma warning restore CA1031
                {
                    result.SetException(e);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Nothing is wanted any more.
        }
    }
}
