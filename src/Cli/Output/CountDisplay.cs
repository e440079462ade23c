using System.Globalization;

namespace Atelier.Cli.Output;

/// <summary>A live line on a terminal about work of a known length; nothing where standard error is redirected.</summary>
internal sealed class CountDisplay(string what) : IDisposable
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly bool _live = !Console.IsErrorRedirected;
    private readonly long _start = TimeProvider.System.GetTimestamp();
    private readonly Lock _gate = new();
    private long _shownAt;
    private bool _lineIsLive;

    /// <summary>Shows how far the work is; the rate and the time left are of this process' own part.</summary>
    /// <param name="done">Items done.</param>
    /// <param name="total">Items in all.</param>
    /// <param name="before">Those of them that were done before this began.</param>
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
        return string.Create(CultureInfo.InvariantCulture, $"{what} {done:#,0}/{total:#,0}  {rate:#,0} images/s{left}");
    }
}
