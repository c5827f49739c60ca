"""The messages that ask and answer: camt.056 and camt.029 (give it back), pain.013 and pain.014 (please pay)."""

from __future__ import annotations

from headgate.rails.iso20022.parts import SHARED
from headgate.rails.iso20022.spec import parse_table

CANCELLATION_REQUEST = parse_table(
    """
FIToFIPmtCxlReq
  Assgnmt            Assignment
  Case?              Case
  CtrlData?
    NbOfTxs          count
    CtrlSum?         decimal
  Undrlyg+
    OrgnlGrpInfAndCxl?
      GrpCxlId?      text35
      Case?          Case
      OrgnlMsgId     text35
      OrgnlMsgNmId   text35
      OrgnlCreDtTm?  datetime
      NbOfTxs?       count
      CtrlSum?       decimal
      GrpCxl?        bool
      CxlRsnInf*     Reason
    TxInf*
      CxlId?         text35
      Case?          Case
      OrgnlGrpInf?   Original
      OrgnlInstrId?  text35
      OrgnlEndToEndId? text35
      OrgnlTxId?     text35
      OrgnlUETR?     uuid4
      OrgnlClrSysRef? text35
      OrgnlIntrBkSttlmAmt? amount
      OrgnlIntrBkSttlmDt? date
      Assgnr?        Bank
      Assgne?        Bank
      CxlRsnInf*     Reason
      OrgnlTxRef?    OriginalTransaction
      SplmtryData*   any
  SplmtryData*       any
""",
    SHARED,
)

RESOLUTION = parse_table(
    """
RsltnOfInvstgtn
  Assgnmt            Assignment
  RslvdCase?         Case
  Sts                choice
    Conf             code4
    RjctdMod+        CodeOrText
    DplctOf          Case
    AssgnmtCxlConf   bool
  CxlDtls*
    OrgnlGrpInfAndSts?
      OrgnlGrpCxlId? text35
      RslvdCase?     Case
      OrgnlMsgId     text35
      OrgnlMsgNmId   text35
      OrgnlCreDtTm?  datetime
      OrgnlNbOfTxs?  count
      OrgnlCtrlSum?  decimal
      GrpCxlSts?     one:PACR,RJCR,ACCR,PDCR
      CxlStsRsnInf*  Reason
      NbOfTxsPerCxlSts* StatusCounts
    OrgnlPmtInfAndSts* any
    TxInfAndSts*
      CxlStsId?      text35
      RslvdCase?     Case
      OrgnlGrpInf?   Original
      OrgnlInstrId?  text35
      OrgnlEndToEndId? text35
      OrgnlTxId?     text35
      OrgnlClrSysRef? text35
      OrgnlUETR?     uuid4
      TxCxlSts?      one:RJCR,ACCR,PDCR
      CxlStsRsnInf*  Reason
      RsltnRltdInf?
        EndToEndId?  text35
        TxId?        text35
        UETR?        uuid4
        IntrBkSttlmAmt? amount
        IntrBkSttlmDt? date
        ClrChanl?    one:RTGS,RTNS,MPNS,BOOK
        Compstn?     any
        Chrgs*       any
      OrgnlIntrBkSttlmAmt? amount
      OrgnlIntrBkSttlmDt? date
      Assgnr?        PartyOrBank
      Assgne?        PartyOrBank
      OrgnlTxRef?    OriginalTransaction
  ModDtls?           any
  ClmNonRctDtls?     any
  StmtDtls?          any
  CrrctnTx?          any
  RsltnRltdInf?      any
  SplmtryData*       any
""",
    SHARED,
)

PAYMENT_REQUEST = parse_table(
    """
CdtrPmtActvtnReq
  GrpHdr
    MsgId            text35
    CreDtTm          datetime
    NbOfTxs          count
    CtrlSum?         decimal
    InitgPty         Party
  PmtInf+
    PmtInfId?        text35
    PmtMtd           one:CHK,TRF
    PmtTpInf?        PaymentType
    ReqdExctnDt      DateOrTime
    XpryDt?          DateOrTime
    PmtCond?         Condition
    Dbtr             Party
    DbtrAcct?        Account
    DbtrAgt          Bank
    UltmtDbtr?       Party
    ChrgBr?          one:DEBT,CRED,SHAR,SLEV
    CdtTrfTx+
      PmtId
        InstrId?     text35
        EndToEndId   text35
        UETR?        uuid4
      PmtTpInf?      PaymentType
      PmtCond?       Condition
      Amt            Amounts
      ChrgBr         one:DEBT,CRED,SHAR,SLEV
      ChqInstr?      any
      UltmtDbtr?     Party
      IntrmyAgt1?    Bank
      IntrmyAgt2?    Bank
      IntrmyAgt3?    Bank
      CdtrAgt        Bank
      Cdtr           Party
      CdtrAcct?      Account
      UltmtCdtr?     Party
      InstrForCdtrAgt*
        Cd?          code4
        InstrInf?    text140
      Purp?          CodeOrText
      RgltryRptg{10} any
      Tax?           any
      RltdRmtInf{10} any
      RmtInf?        Remittance
      NclsdFile*     any
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)

PAYMENT_REQUEST_STATUS = parse_table(
    """
CdtrPmtActvtnReqStsRpt
  GrpHdr
    MsgId            text35
    CreDtTm          datetime
    InitgPty         Party
    DbtrAgt?         Bank
    CdtrAgt?         Bank
  OrgnlGrpInfAndSts
    OrgnlMsgId       text35
    OrgnlMsgNmId     text35
    OrgnlCreDtTm?    datetime
    OrgnlNbOfTxs?    count
    OrgnlCtrlSum?    decimal
    GrpSts?          code4
    StsRsnInf*       Reason
    NbOfTxsPerSts*   StatusCounts
  OrgnlPmtInfAndSts*
    OrgnlPmtInfId    text35
    OrgnlNbOfTxs?    count
    OrgnlCtrlSum?    decimal
    PmtInfSts?       code4
    StsRsnInf*       Reason
    NbOfTxsPerSts*   StatusCounts
    TxInfAndSts*
      StsId?         text35
      OrgnlInstrId?  text35
      OrgnlEndToEndId? text35
      OrgnlUETR?     uuid4
      TxSts?         code4
      StsRsnInf*     Reason
      PmtCondSts?
        AccptdAmt?   amount
        GrntedPmt    bool
        EarlyPmt     bool
      ChrgsInf*      any
      DbtrDcsnDtTm?  datetime
      AccptncDtTm?   datetime
      AcctSvcrRef?   text35
      ClrSysRef?     text35
      OrgnlTxRef?    RequestedTransaction
      NclsdFile*     any
    SplmtryData*     any
  SplmtryData*       any
""",
    SHARED,
)
