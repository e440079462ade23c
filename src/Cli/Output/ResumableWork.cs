using System.Runtime.InteropServices;

namespace Atelier.Cli.Output;

/// <summary>Ctrl-C and SIGTERM as a token: the first signal stops between two items, the second one ends the process as usual.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly PosixSignalRegistration _interrupt;
    private readonly PosixSignalRegistration _terminate;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle);
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle);
    }

    public CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = !_stop.IsCancellationRequested;
        _stop.Cancel();
    }
}

/// <summary>Work in items whose results are kept one by one, so that the same command goes on after a stop.</summary>
internal static class ResumableWork
{
    /// <summary>Does what is not done yet, with a progress line on standard error.</summary>
    /// <param name="what">For the progress line: its last word is what is counted.</param>
    /// <param name="items">All of it.</param>
    /// <param name="isDone">Whether an item's result is kept already.</param>
    /// <param name="work">Does an item and keeps its result.</param>
    /// <param name="stop">Ends the work between two items.</param>
    /// <exception cref="OperationCanceledException">It was stopped; what was done is said.</exception>
    public static void Run<T>(string what, IReadOnlyList<T> items, Func<T, bool> isDone, Action<T> work, CancellationToken stop)
    {
        var left = items.Where(item => !isDone(item)).ToList();
        int before = items.Count - left.Count, done = before;
        using var display = new CountDisplay(what, unit: what.Split(' ')[^1]);
        foreach (var item in left)
        {
            if (stop.IsCancellationRequested)
            {
                display.Dispose();
                Console.Error.WriteLine($"atelier: stopped after {done:#,0} of {items.Count:#,0} ({what}); run the same command again to continue");
                throw new OperationCanceledException(stop);
            }
            work(item);
            display.Show(++done, items.Count, before);
        }
    }
}
