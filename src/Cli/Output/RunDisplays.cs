using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Output;

/// <summary>A live line on a terminal; where output is redirected, one line per tick, or per minute where ticks take longer.</summary>
internal sealed class TerminalDisplay : IRunDisplay
{
    private readonly LiveLine _line = new();

    public void Begin(RunBanner banner)
    {
        foreach (string line in banner.Lines())
            _line.Print(line);
        _line.Print("");
    }

    public void Say(string line) => _line.Print(line);

    public void Tick(TickLine tick) => _line.Print(tick.Text);

    public void Progress(RunProgress progress) => _line.Show(progress.ToLine);

    public void Interim(RunProgress progress)
    {
        if (!_line.IsLive)
            _line.Print(progress.ToLine());
    }
}

/// <summary>One JSON object per line: <c>{"begin": …}</c>, <c>{"say": …}</c>, <c>{"tick": …}</c> or <c>{"progress": …}</c>.</summary>
internal sealed class JsonDisplay : IRunDisplay
{
    private readonly Lock _gate = new();

    public void Begin(RunBanner banner) => Write(new JsonObject { ["begin"] = new JsonObject(banner.Rows.Select(row => KeyValuePair.Create(row.Name, (JsonNode?)row.Text))) });

    public void Say(string line) => Write(new JsonObject { ["say"] = line });

    public void Progress(RunProgress progress)
    {
        // Ticks say enough for a script.
    }

    public void Interim(RunProgress progress) => Write(new JsonObject { ["progress"] = ToJson(progress) });

    public void Tick(TickLine tick) => Write(new JsonObject { ["tick"] = JsonNode.Parse(tick.Json) });

    private static JsonObject ToJson(RunProgress progress) => new()
    {
        ["kimg"] = progress.Now.Kimg,
        ["target_kimg"] = progress.Total.Kimg,
        ["images_per_s"] = Math.Round(progress.ImagesPerSecond, 3),
        ["remaining_s"] = progress.Remaining is { } left ? Math.Round(left.TotalSeconds, 1) : null,
        ["generator_loss"] = Finite(progress.GeneratorLoss),
        ["discriminator_loss"] = Finite(progress.DiscriminatorLoss),
    };

    private static double? Finite(double? value) => value is { } number && double.IsFinite(number) ? number : null;

    private void Write(JsonObject line)
    {
        lock (_gate)
            Console.WriteLine(line.ToJsonString());
    }
}

/// <summary>Shows a run on another display, and keeps what is said, with times, in <c>log.txt</c> of the run's folder.</summary>
/// <param name="inner">The display.</param>
/// <param name="time">The clock.</param>
internal sealed class LoggedDisplay(IRunDisplay inner, TimeProvider time) : IRunDisplay
{
    private readonly List<string> _early = [];
    private readonly Lock _gate = new();
    private RunFiles? _files;
    private string _path = "";

    public void Begin(RunBanner banner)
    {
        lock (_gate)
        {
            if (_files is null)
            {
                (_files, _path) = (new RunFiles(new Once(inner)), new RunFolder(banner.Folder).Text);
                // Before this, the folder might not have been ours to write to.
                _early.ForEach(Append);
                foreach (string line in banner.Lines())
                    Append(line);
            }
        }
        inner.Begin(banner);
    }

    public void Say(string line)
    {
        Note(line);
        inner.Say(line);
    }

    public void Progress(RunProgress progress) => inner.Progress(progress);

    public void Interim(RunProgress progress)
    {
        Note(progress.ToLine());
        inner.Interim(progress);
    }

    public void Tick(TickLine tick)
    {
        Note(tick.Text);
        inner.Tick(tick);
    }

    /// <summary>Keeps a line without showing it.</summary>
    public void Note(string line)
    {
        if (line.Length == 0)
            return;
        lock (_gate)
        {
            if (_files is null)
                _early.Add(line);
            else
                Append(line);
        }
    }

    private void Append(string line) =>
        _files!.Append(_path, $"{time.GetLocalNow().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture)}  {line}");

    /// <summary>Says once that the file cannot be written, however many lines there are.</summary>
    private sealed class Once(IRunDisplay display) : IRunDisplay
    {
        private bool _hasSaid;

        public void Say(string line)
        {
            if (!_hasSaid)
                display.Say(line);
            _hasSaid = true;
        }

        public void Progress(RunProgress progress)
        {
            // Nothing but what goes wrong is told.
        }

        public void Tick(TickLine tick)
        {
            // Nothing but what goes wrong is told.
        }
    }
}
