using System.Globalization;
using Atelier.Training.Metrics;

namespace Atelier.Cli.Output;

/// <summary>A progress line for work of a known length, on standard error where that is a terminal.</summary>
/// <param name="what">Of what, and what is done with it.</param>
/// <param name="unit">What is counted, for the rate.</param>
internal sealed class CountDisplay(string what, string unit = "images") : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly Lock _gate = new();
    private long _shownAt;
    private bool _lineIsLive;

    /// <summary>Shows the progress; rate and remaining time leave out what was done before.</summary>
    /// <param name="done">Items done.</param>
    /// <param name="total">Items in all.</param>
    /// <param name="before">Items that were done before this process began.</param>
    public void Show(int done, int total, int before = 0)
    {
        if (!_live)
            return;
        lock (_gate)
        {
            if (_shownAt != 0 && TimeProvider.System.GetElapsedTime(_shownAt) < Refresh)
                return;
            _shownAt = TimeProvider.System.GetTimestamp();
            Console.Error.Write($"\r{Line(done, total, before, TimeProvider.System.GetElapsedTime(_start))}\u001b[K");
            _lineIsLive = true;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_lineIsLive)
            Console.Error.Write("\r\u001b[K");
    }

    /// <summary>The line.</summary>
    internal string Line(int done, int total, int before, TimeSpan elapsed)
    {
        var rate = (done - before) / Math.Max(elapsed.TotalSeconds, 1e-9);
        var left = rate > 0 ? $"  ETA {TimeSpan.FromSeconds(Math.Ceiling((total - done) / rate)):c}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"{what} {done:#,0}/{total:#,0}  {rate.ToString(rate < 10 ? "0.#" : "#,0", CultureInfo.InvariantCulture)} {unit}/s{left}");
    }
}

/// <summary>A progress line of an evaluation on standard error, where that is a terminal; standard output is for values.</summary>
internal sealed class EvaluationDisplay : IProgress<EvaluationProgress>, IDisposable
{
    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly Lock _gate = new();
    private bool _lineIsLive;

    public void Report(EvaluationProgress value)
    {
        if (!_live)
            return;
        lock (_gate)
        {
            Console.Error.Write($"\r{value.Metric}: {value.What} {value.Done:#,0} of {value.Total:#,0}\u001b[K");
            _lineIsLive = true;
        }
    }

    /// <summary>Prints a warning above the progress line.</summary>
    public void Warn(string line)
    {
        End();
        Console.Error.WriteLine($"atelier: {line}");
    }

    /// <summary>Clears the live line.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_lineIsLive)
                Console.Error.Write("\r\u001b[K");
            _lineIsLive = false;
        }
    }

    public void Dispose() => End();
}

/// <summary>Reports progress synchronously; <see cref="Progress{T}"/> posts it to another thread.</summary>
internal sealed class DirectProgress<T>(Action<T> report) : IProgress<T>
{
    public void Report(T value) => report(value);
}
