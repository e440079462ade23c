namespace Orleans.Serialization;

/// <summary>How values of one type are copied.</summary>
internal abstract class ValueCopier
{
    /// <summary>Whether the copy of a value is the value, because it cannot change.</summary>
    public virtual bool ReturnsTheSame => false;

    /// <summary>Copies a value of the type.</summary>
    public abstract object Copy(object value, CopySession session);
}

/// <summary>For values that cannot change.</summary>
internal sealed class SameValueCopier : ValueCopier
{
    public override bool ReturnsTheSame => true;

    public override object Copy(object value, CopySession session) => value;
}
