using Atelier.TestKit;
using Atelier.Worker.Runs;

namespace Atelier.Worker.Tests.Runs;

/// <summary>Files that describe a run: whole, or told of.</summary>
public sealed class RunFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly SilentDisplay _display = new();

    [Fact]
    public void Append_Lines_KeepsThemInOrder()
    {
        var notes = new RunFiles(_display);

        notes.Append(_folder["stats.jsonl"], "one");
        notes.Append(_folder["stats.jsonl"], "two");

        Assert.Equal("one\ntwo\n", File.ReadAllText(_folder["stats.jsonl"]));
        Assert.Empty(_display.Lines);
    }

    [Fact]
    public void Append_FromSeveralThreads_LosesNoLine()
    {
        var notes = new RunFiles(_display);

        Parallel.For(0, 100, line => notes.Append(_folder["events.jsonl"], $"line {line}"));

        Assert.Equal(
            Enumerable.Range(0, 100).Select(line => $"line {line}").Order(StringComparer.Ordinal),
            File.ReadAllLines(_folder["events.jsonl"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Append_PathThatCannotBeWritten_SaysSoAndGoesOn()
    {
        Directory.CreateDirectory(_folder["stats.jsonl"]);

        new RunFiles(_display).Append(_folder["stats.jsonl"], "one");

        Assert.Contains("could not write stats.jsonl", Assert.Single(_display.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public void Write_PathThatCannotBeWritten_SaysSoAndLeavesNothingUnfinished()
    {
        Directory.CreateDirectory(_folder["grid.png"]);

        Assert.False(new RunFiles(_display).Write(_folder["grid.png"], [1, 2, 3]));

        Assert.Contains("could not write grid.png", Assert.Single(_display.Lines), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void DeleteUnfinished_AfterAKill_KeepsWhatIsWhole()
    {
        File.WriteAllText(_folder["grid.png.0123.tmp"], "half");
        new RunFiles(_display).Write(_folder["grid.png"], [1]);

        new RunFolder(_folder.Path).DeleteUnfinished();

        Assert.Equal(["grid.png"], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    /// <summary>Whoever measured a snapshot draws before its line is in the file.</summary>
    [Fact]
    public void DrawCurves_WithAValueThatIsNotInItsFileYet_IsThePictureWithIt()
    {
        var (folder, notes) = (new RunFolder(_folder.Path), new RunFiles(_display));
        foreach (int kimg in new[] { 1, 2 })
            notes.Append(folder.Stats, $$$"""{"Progress/kimg": {"mean": {{{kimg}}}}, "Loss/G/loss": {"mean": {{{kimg}}}}, "Loss/D/loss": {"mean": 1}}""");
        byte[] Drawn(MeasuredValue? measured) => File.ReadAllBytes(RunPictures.DrawCurves(folder, notes, measured)!);
        void Measured(int kimg, int value) => notes.Append(folder.Metric("rfd"), $$$"""{"kimg": {{{kimg}}}, "results": {"rfd": {{{value}}}}}""");
        byte[] without = Drawn(null), first = Drawn(new("rfd", 1, 7));

        Measured(1, 7);
        Assert.Equal(Drawn(null), first);
        Assert.NotEqual(without, first);
        byte[] second = Drawn(new("rfd", 2, 5));
        Measured(2, 5);
        Assert.Equal(Drawn(null), second);
        Assert.Equal(second, Drawn(new("rfd", 2, 5)));
        Assert.Equal(second, Drawn(new("rfd", 1, 7)));
    }

    public void Dispose() => _folder.Dispose();
}
