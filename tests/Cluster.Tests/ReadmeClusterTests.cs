using System.Text.Json;
using Atelier.TestKit;

namespace Atelier.Cluster.Tests;

/// <summary>The README's commands for a cluster on one machine, as they stand there: only paths, the port and the launcher are this machine's.</summary>
public sealed class ReadmeClusterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<AtelierProcess> _background = [];

    [Fact]
    public void ClusterBlock_AsItStands_Trains()
    {
        int port = FreePorts.Take();
        TestImages.WriteStored(_folder["data"], 20, 64);
        var block = Block("./atelier coordinator");
        Assert.Equal(["coordinator", "worker", "submit", "watch"], block.Select(line => line[1]));

        AtelierProcess? watch = null;
        foreach (var line in block)
        {
            string[] arguments = [.. line.Skip(1).TakeWhile(word => word != "&").Select(word => word
                .Replace(":7070", $":{port}", StringComparison.Ordinal).Replace("/data/faces.zip", _folder["data"], StringComparison.Ordinal)
                .Replace("/runs/faces", _folder["run"], StringComparison.Ordinal).Replace("coordinator.db", _folder["coordinator.db"], StringComparison.Ordinal))];
            // The default port may be somebody's here.
            if (arguments[0] == "coordinator")
                arguments = [.. arguments, "--listen", $"127.0.0.1:{port}"];
            if (line[^1] == "&" || arguments[0] == "watch")
                _background.Add(watch = AtelierProcess.Start(arguments));
            else
                AtelierProcess.Run(arguments).Succeeded();
            // A person who types is slower than this.
            if (arguments[0] == "coordinator")
                Assert.True(watch!.WaitForLines(1, text => text.StartsWith("listening", StringComparison.Ordinal)));
            if (arguments[0] == "worker")
                Assert.True(watch!.WaitForLines(1, text => text.StartsWith("attached", StringComparison.Ordinal)));
        }

        Assert.True(watch!.WaitForLines(1, text => text.Contains("faces is running", StringComparison.Ordinal)), "the run never began");
        var workers = JsonDocument.Parse(AtelierProcess.Run("workers", "-o", "json", "--coordinator", $"http://127.0.0.1:{port}").Succeeded().Text).RootElement;
        var worker = Assert.Single(workers.EnumerateArray());
        Assert.Equal(("ready", "faces"), (worker.GetProperty("status").GetString(), worker.GetProperty("run").GetString()));
    }

    public void Dispose()
    {
        _background.ForEach(process => process.Dispose());
        _folder.Dispose();
    }

    /// <summary>The words of each line of the block that begins with a line.</summary>
    private static List<string[]> Block(string first) =>
        [.. File.ReadLines(Repository.Full("README.md")).SkipWhile(line => !line.StartsWith($"    {first}", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith("    ", StringComparison.Ordinal)).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];
}
