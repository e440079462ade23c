namespace Atelier.Core.Evaluations;

/// <summary>What a part of an evaluation is about.</summary>
public enum EvaluationSide
{
    /// <summary>Samples of the generator.</summary>
    Generated,

    /// <summary>Images of the dataset.</summary>
    Real,

    /// <summary>The value, from what the other parts left.</summary>
    Result,
}
