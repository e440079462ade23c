using System.Text.Json.Nodes;
using Atelier.Worker.Runs;

namespace Atelier.Cli.Output;

/// <summary>One JSON object a line: <c>{"say": …}</c> or <c>{"tick": …}</c>.</summary>
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
