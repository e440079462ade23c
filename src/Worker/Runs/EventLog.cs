using Atelier.Core.Runs;

namespace Atelier.Worker.Runs;

/// <summary>Appends events to <c>events.jsonl</c>, from any thread, and tells the display those that a person should see.</summary>
public sealed class EventLog(RunFolder folder, RunNotes notes, IRunDisplay display)
{
    /// <summary>Records an event.</summary>
    /// <param name="happened">What happened.</param>
    /// <param name="show">Whether the display is told.</param>
    public void Add(RunEvent happened, bool show = true)
    {
        ArgumentNullException.ThrowIfNull(happened);
        notes.Append(folder.Events, happened.ToJson());
        if (show)
            display.Say(happened.Describe());
    }
}
