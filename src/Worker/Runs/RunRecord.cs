using System.Text.Json;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Worker.Runs;

/// <summary>
/// What a run's folder says about the run besides its state: <c>run.json</c>. Not part of the trajectory, and not hashed.
/// </summary>
/// <param name="Data">What the data is called.</param>
/// <param name="Spec">The whole resolved spec.</param>
/// <param name="Branch">Branch number; mixed into every random key.</param>
/// <param name="Init">The network file that the run started from, or null.</param>
/// <param name="Created">When the run began.</param>
/// <param name="Rollbacks">How often it has gone back to a snapshot.</param>
public sealed record RunRecord(string Data, RunSpec Spec, uint Branch, string? Init, DateTimeOffset Created, int Rollbacks = 0)
{
    private const int Format = 1;

    /// <summary>The record of a run that has gone back to a snapshot since this was written, if it has.</summary>
    /// <param name="branch">The branch of its newest snapshot.</param>
    public RunRecord OnBranch(uint branch) => branch > Branch ? this with { Branch = branch, Rollbacks = Rollbacks + 1 } : this;

    /// <summary>Writes the record in one atomic step.</summary>
    public void Save(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var json = new JsonObject
        {
            ["format"] = Format,
            ["atelier"] = typeof(RunRecord).Assembly.GetName().Version?.ToString(3),
            ["created"] = Created.ToString("O"),
            ["data"] = Data,
            ["init"] = Init,
            ["branch"] = Branch,
            ["rollbacks"] = Rollbacks,
            ["spec"] = JsonNode.Parse(RunSpecJson.Write(Spec)),
        };
        Storage.AtomicFile.WriteAllText(folder.Record, json.ToJsonString(new JsonSerializerOptions { WriteIndented = true }) + "\n");
    }

    /// <summary>Reads the record of a run, or null if the folder has none.</summary>
    /// <exception cref="UserErrorException">The file is damaged or of a newer version.</exception>
    public static RunRecord? TryLoad(RunFolder folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        if (!File.Exists(folder.Record))
            return null;
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllText(folder.Record));
            var root = document.RootElement;
            int format = root.GetProperty("format").GetInt32();
            if (format != Format)
                throw new UserErrorException($"{folder.Record} is of format {format}; this version reads format {Format}");
            return new RunRecord(
                root.GetProperty("data").GetString()!, RunSpecJson.Read(root.GetProperty("spec"), folder.Record), root.GetProperty("branch").GetUInt32(),
                root.GetProperty("init").GetString(), root.GetProperty("created").GetDateTimeOffset(),
                root.TryGetProperty("rollbacks", out var rollbacks) ? rollbacks.GetInt32() : 0);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new UserErrorException($"{folder.Record} is damaged ({e.Message.TrimEnd('.')}); restore it from a copy, or use another output folder", e);
        }
    }
}
