namespace Orleans.Runtime;

/// <summary>A timer of a grain. It ends with the activation; disposing of it ends it earlier.</summary>
public interface IGrainTimer : IDisposable
{
    /// <summary>Changes when it is due.</summary>
    /// <param name="dueTime">Until the next tick; infinite for none.</param>
    /// <param name="period">From a tick's end to the next tick; infinite for none.</param>
    void Change(TimeSpan dueTime, TimeSpan period);
}
