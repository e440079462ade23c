using Atelier.TestKit;

namespace Atelier.Cli.Tests;

/// <summary>Help, and command lines that cannot be.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("train", "--data", "--out", "--recipe", "--kimg", "--seed", "--workers", "--set", "--init", "--freeze-d", "--bad-images", "--dry-run", "--json")]
    [InlineData("demo", "--minutes", "--out", "--size")]
    [InlineData("snapshots", "DIR", "--json")]
    [InlineData("generate", "--network", "--seeds", "--trunc", "--noise-mode", "--class", "--grid", "--out")]
    [InlineData("export", "RUN", "--out", "--all", "--trained")]
    [InlineData("oracle", "FILE", "--dtype")]
    [InlineData("bench step", "--res", "--channel-base", "--channel-max", "--batch", "--shard", "--json")]
    [InlineData("dashboard", "folder", "--port")]
    [InlineData("dataset convert", "SOURCE", "--out", "--resolution", "--crop", "--filter", "--max-images", "--background", "--bad-images", "--no-labels", "--force", "--jobs", "--json")]
    [InlineData("dataset check", "PATH", "--picture", "--jobs", "--json")]
    [InlineData("dataset stats", "PATH", "--jobs", "--json")]
    [InlineData("bench allreduce", "--ranks", "--megabytes", "--transport", "--json")]
    [InlineData("test", "--soak", "--only", "--method")]
    [InlineData("doctor")]
    [InlineData("coordinator", "--listen", "--database", "--database-file", "--data-root", "--store-root", "--s3-endpoint", "--lease")]
    [InlineData("submit", "run", "--file", "--data", "--out", "--dry-run", "--watch", "--output", "--coordinator")]
    [InlineData("ls", "--all", "--output", "--coordinator")]
    [InlineData("describe", "run", "--output", "--coordinator")]
    [InlineData("watch", "run", "--output", "--coordinator")]
    [InlineData("logs", "run", "--worker", "--follow", "--output")]
    [InlineData("cancel", "run", "--discard")]
    [InlineData("delete", "run", "--yes")]
    [InlineData("workers", "--output", "--coordinator")]
    [InlineData("evict", "worker", "--reason", "--ban")]
    [InlineData("certs ca", "--out", "--force")]
    [InlineData("certs server", "--name", "--host", "--out", "--force")]
    [InlineData("certs worker", "--name", "--host", "--out", "--force")]
    [InlineData("certs person", "--name", "--out", "--force")]
    public void Help_OfACommand_NamesEveryOptionAndSaysWhatItIs(string command, params string[] names)
    {
        var result = AtelierProcess.Run([.. command.Split(' '), "--help"]).Succeeded();

        Assert.Contains($"atelier {command}", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", result.Text, StringComparison.Ordinal);
        foreach (var name in names)
        {
            string line = Assert.Single(result.Output, line => IsEntry(line, name));
            // Two columns: what it is called, and words that say what it is.
            Assert.Matches(@"^  \S.*?  +\S+ \S+", line);
        }
    }

    [Fact]
    public void Help_OfTheRoot_ListsTheCommands()
    {
        var result = AtelierProcess.Run("--help").Succeeded();

        foreach (var command in new[] { "train", "demo", "snapshots", "generate", "export", "certs", "dataset", "doctor", "oracle", "bench", "test" })
            Assert.Contains(result.Output, line => IsEntry(line, command));
    }

    [Theory]
    [InlineData("trian", "`trian`", "`train`")]
    [InlineData("frobnicate", "`frobnicate`", "atelier --help")]
    [InlineData("", "train", "atelier --help")]
    [InlineData("evict w0", "--reason", "atelier evict --help")]
    [InlineData("ls -o xml", "--output", "xml", "json", "table")]
    [InlineData("bench", "step", "allreduce", "atelier bench --help")]
    [InlineData("bench stp", "`stp`", "`step`")]
    [InlineData("train --dta x --out y", "`--dta`", "`--data`")]
    [InlineData("train", "--data", "--out", "atelier train --help")]
    [InlineData("snapshots", "DIR", "atelier snapshots --help")]
    [InlineData("export --out x", "RUN", "atelier export --help")]
    [InlineData("snapshots nowhere", "nowhere", "does not exist")]
    [InlineData("demo --size 48", "--size", "48", "32", "64")]
    [InlineData("train --data x --data y --out z", "--data", "x, y", "one value")]
    [InlineData("demo --minutes 0", "--minutes", "0", "positive")]
    public void CommandLine_ThatCannotBe_OneLineWithAHint(string line, params string[] parts) =>
        Complaint.IsOf(AtelierProcess.Run(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)), parts);

    /// <summary>Whether a line of help is about something of a name.</summary>
    private static bool IsEntry(string line, string name) =>
        line.StartsWith("  ", StringComparison.Ordinal) && !line.StartsWith("  atelier", StringComparison.Ordinal)
        && line.Split([' ', ',', '<', '>'], StringSplitOptions.RemoveEmptyEntries) is [var first, .. var rest]
        && (first == name || (first.StartsWith('-') && rest.FirstOrDefault() == name));
}
