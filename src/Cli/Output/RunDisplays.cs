using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Output;

/// <summary>A live line on a terminal; where output is redirected, one line per tick.</summary>
internal sealed class TerminalDisplay : IRunDisplay
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly bool _live = !Console.IsOutputRedirected;
    private readonly Lock _gate = new();
    private long _shownAt;
    private bool _lineIsLive;

    public void Say(string line)
    {
        lock (_gate)
            Print(line);
    }

    public void Tick(TickLine tick) => Say(tick.Text);

    public void Progress(RunProgress progress)
    {
        if (!_live || (_shownAt != 0 && TimeProvider.System.GetElapsedTime(_shownAt) < Refresh))
            return;
        lock (_gate)
        {
            _shownAt = TimeProvider.System.GetTimestamp();
            string line = Line(progress);
            int width = Math.Max(20, Console.WindowWidth - 1);
            // Carriage return, text, and "erase to the end of the line".
            Console.Write($"\r{(line.Length > width ? line[..width] : line)}\u001b[K");
            _lineIsLive = true;
        }
    }

    /// <summary>The line.</summary>
    internal static string Line(RunProgress progress)
    {
        string losses = progress is { GeneratorLoss: { } g, DiscriminatorLoss: { } d } ? string.Create(CultureInfo.InvariantCulture, $"  G {g:0.00} D {d:0.00}") : "";
        string remaining = progress.Remaining is { } left ? $"  ETA {TickReport.Format(left)}" : "";
        // Nothing is said of a speed that is not known yet.
        string speed = progress.ImagesPerSecond > 0 ? string.Create(CultureInfo.InvariantCulture, $"  {progress.ImagesPerSecond:0.0} img/s  {1000 / progress.ImagesPerSecond:0.0} sec/kimg") : "";
        return string.Create(CultureInfo.InvariantCulture, $"kimg {progress.Now.Kimg:0.00}/{progress.Total.Kimg:0.##}{speed}{losses}{remaining}");
    }

    private void Print(string line)
    {
        if (_lineIsLive)
            Console.Write("\r\u001b[K");
        _lineIsLive = false;
        Console.WriteLine(line);
    }
}

/// <summary>One JSON object per line: <c>{"say": …}</c> or <c>{"tick": …}</c>.</summary>
internal sealed class JsonDisplay : IRunDisplay
{
    private readonly Lock _gate = new();

    public void Say(string line) => Write(new JsonObject { ["say"] = line });

    public void Progress(RunProgress progress)
    {
        // Ticks say enough for a script.
    }

    public void Tick(TickLine tick) => Write(new JsonObject { ["tick"] = JsonNode.Parse(tick.Json) });

    private void Write(JsonObject line)
    {
        lock (_gate)
            Console.WriteLine(line.ToJsonString());
    }
}
